/* The pages behind links: what page_hook.h says, as the answer of a CGI. */
#include <string.h>

#include "base/clock.h"
#include "cgi_impl.h"
#include "page_hook.h"

_Noreturn void
cgi_page(struct config *c, struct cgi_request *r)
{
	struct page_answer a = PAGE_ANSWER_INIT;
	struct page_request page = { .path = r->path, .method = r->method,
	    .query = cgi_environment("QUERY_STRING"), .type = r->type,
	    .accepted = cgi_environment("HTTP_ACCEPT_LANGUAGE") };
	size_t max = cgi_max_body(c);
	struct error e;

	if (strcmp(r->method, "POST") == 0)
		cgi_read_body(c, r, max < LINK_BODY_MAX ? max :
		    LINK_BODY_MAX);
	page.body = buf_text(&r->body);
	page.len = r->body.len;
	page_hook(c, &page, clock_now(), r->mem, &a);
	if (a.keep && cgi_try_keep(r, &e) == -1) {
		a.why = e.text;
		page_hook_unkept(&a);
	}
	cgi_answer_page(r, &a);
}
