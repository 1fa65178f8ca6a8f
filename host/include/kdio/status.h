/* SPDX-License-Identifier: MIT */
/* kdio/status.h: the statuses, from the protocol's one list; `make install` puts that list itself here. */
#include "../../../proto/status.h"
