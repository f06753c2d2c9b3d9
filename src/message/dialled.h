#ifndef OMNI_DIALLED_H
#define OMNI_DIALLED_H

#include <stddef.h>

/*
 * Puts into `out` the number `raw` as it is dialled today: +52 and ten digits
 * where it is written with a prefix that Mexico gave up in 2019, else as it
 * stands.  What follows the digits (an extension) is kept.
 *
 * libphonenumber knew these prefixes up to some version of its metadata, and
 * refuses them since: so they are taken off before it is asked.
 *
 * `size` is at least DIALLED_SIZE of raw's length.
 */
#define DIALLED_SIZE(len)	((len) + 4)	/* "+52" and a NUL */
void dialled_today(const char *raw, const char *region, char *out,
    size_t size);

#endif
