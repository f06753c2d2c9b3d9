#ifndef OMNI_MAILPAGE_H
#define OMNI_MAILPAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

/*
 * What a reader sees of an HTML mail: its words, links and pictures.  Comments,
 * scripts, styles, the title, and what is hidden (display:none) are left out.
 * It reads what is not well formed as browsers do, more or less: html_check()
 * tells about that.
 */
struct mail_link {
	const char *href, *label;	/* entities decoded */
	struct mail_link *next;
};

struct mail_page {
	struct buf text;
	struct mail_link *links, **last;
	size_t images, images_without_alt, images_embedded;
	const char *plain_image;	/* the first one by http:, or NULL */
	struct arena *mem;		/* where links are kept */
};

/* `page` is zeroed by it; release page->text. */
void mail_page_read(const char *html, struct mail_page *page,
    struct arena *mem);

#endif
