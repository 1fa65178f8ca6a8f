/* SPDX-License-Identifier: MIT */
/*
 * image.h: where the linker put this kernel. All marks are on page bounds; text, read-only data and the rest follow one
 * another in this order.
 */
#ifndef KDIO_BOOT_IMAGE_H
#define KDIO_BOOT_IMAGE_H

#include <stdint.h>

#define IMAGE_MARK extern const char __attribute__((visibility("hidden")))

IMAGE_MARK image_start[];
IMAGE_MARK image_text_start[];
IMAGE_MARK image_text_end[];
IMAGE_MARK image_rodata_start[];
IMAGE_MARK image_rodata_end[];
IMAGE_MARK image_end[];

#endif
