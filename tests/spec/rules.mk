# SPDX-License-Identifier: MIT
#
# rules.mk: SPEC.md against itself, against the tables in C and against the vectors.
#
# check-spec  a decoder written from SPEC.md alone reads its examples (seconds)

.PHONY: check-spec

check-spec:
	$(Q)cd tests/spec && PYTHONDONTWRITEBYTECODE=1 python3 -m unittest
