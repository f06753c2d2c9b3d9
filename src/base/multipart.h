#ifndef OMNI_MULTIPART_H
#define OMNI_MULTIPART_H

#include <stdbool.h>

#include "form.h"

/*
 * multipart/form-data (RFC 7578), the other way in which a web form is sent.
 *
 * What comes out is a form as form.h has it, with its limits; files are left
 * out.  Lines may end in a newline alone, and what stands before the first and
 * behind the last boundary is nobody's (RFC 2046, 5.1.1).
 */
#define MULTIPART_BOUNDARY_MAX	70

/* Whether a Content-Type is `media`, whatever its case and parameters. */
bool media_type_is(const char *type, const char *media);
/* EX_DATAERR: no boundary, or the body does not end with it, or NUL. */
int multipart_parse(struct form *f, const char *type, const char *body,
    size_t len, struct arena *mem, struct error *e);

#endif
