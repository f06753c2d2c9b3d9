#ifndef OMNI_MAILCHECK_IMPL_H
#define OMNI_MAILCHECK_IMPL_H

#include "message/mailcheck.h"
#include "message/mailpage.h"

/*
 * Shared by the files that look at a mail: mailcheck.c (headers, sender,
 * size), mailcheck_links.c (where links go), mailcheck_parts.c (text and HTML
 * side by side), mailpage.c (what HTML shows).
 */
void mail_check_links(const struct mail_content *m,
    const struct mail_page *page, const struct mail_report *out);
void mail_check_parts(const struct mail_content *m,
    const struct mail_page *page, struct arena *mem,
    const struct mail_report *out);

/* The host of a web address, in lower case; "" when it is none. */
void mail_host_of(const char *url, char *out, size_t size);

#endif
