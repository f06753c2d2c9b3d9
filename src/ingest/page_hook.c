#include "page_hook.h"

#include <string.h>

#include "base/form.h"

#define QUERY_MAX	4096

/* What is being answered. */
struct asking {
	struct config *config;
	const struct page_request *request;
	struct arena *mem;
	struct page_answer *out;
	struct link_choice choice;
};

static enum link_purpose
purpose_of(const char *path)
{
	return path == NULL || path[0] != '/' ? LINK_PURPOSES :
	    link_purpose_of(path + 1);
}

bool
page_hook_is(const char *path)
{
	return purpose_of(path) < LINK_PURPOSES;
}

/*
 * Nobody else may keep the page, find it, frame it or learn where somebody
 * came from: the token is in its address.
 */
static void
finish(struct page_answer *out, const char *status, enum page_kind kind,
    const char *why)
{
	out->status = status;
	out->why = why;
	out->page.kind = kind;
	buf_clear(&out->headers);
	buf_clear(&out->body);
	page_write(&out->page, &out->body);
	out->length = out->body.len;
	buf_printf(&out->headers, "Content-Type: text/html; charset=utf-8\r\n"
	    "Content-Language: %s\r\nContent-Security-Policy: ",
	    out->page.language);
	page_policy(&out->headers);
	buf_str(&out->headers, "\r\nReferrer-Policy: no-referrer\r\n"
	    "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n"
	    "X-Robots-Tag: noindex, nofollow\r\nCache-Control: no-store\r\n"
	    "Vary: Accept-Language\r\n");
}

/* One token, or none: who brings two may have been brought one of them. */
static const char *
token_of(struct asking *a, const char **language)
{
	const char *query = a->request->query;
	struct form f = { .count = 0 };
	struct error ignored;

	*language = NULL;
	if (strlen(query) > QUERY_MAX || form_parse(&f, query, strlen(query),
	    a->mem, &ignored) == -1)
		return NULL;
	*language = form_get(&f, "l");
	return form_count(&f, "t") == 1 ? form_get(&f, "t") : NULL;
}

static void
answer_post(struct asking *a)
{
	static const enum page_kind done[] = {
		[LINK_CONFIRM] = PAGE_CONFIRMED,
		[LINK_PREFERENCES] = PAGE_SAVED,
		[LINK_UNSUBSCRIBE] = PAGE_UNSUBSCRIBED
	};
	enum link_purpose purpose = a->out->page.purpose;
	struct link_choice *ch = &a->choice;
	enum page_kind kind = done[purpose];

	link_choice_read(ch, a->config, purpose, a->request->type,
	    a->request->body, a->request->len, a->mem);
	if (ch->fault == CHOICE_TYPE)
		finish(a->out, "415 Unsupported Media Type", PAGE_NO_FORM,
		    "the body is of no type that a form has");
	else if (ch->fault == CHOICE_FORM)
		finish(a->out, "400 Bad Request", PAGE_NO_FORM,
		    "the body is no form, or has a field twice");
	else if (ch->fault != CHOICE_GOOD) {
		a->out->page.entered = ch;
		finish(a->out, "422 Unprocessable Content",
		    purpose == LINK_CONFIRM ? PAGE_CONFIRM :
		    purpose == LINK_PREFERENCES ? PAGE_PREFERENCES :
		    PAGE_UNSUBSCRIBE, "the form lacks something");
		a->out->page.entered = NULL;
	} else {
		if (purpose == LINK_CONFIRM && *ch->answer == 'd')
			kind = PAGE_DECLINED;
		else if (purpose == LINK_CONFIRM && strcmp(ch->answer,
		    "call_back") == 0)
			kind = PAGE_CALL_BACK;
		finish(a->out, "200 OK", kind, NULL);
		a->out->keep = true;
	}
}

static void
answer_link(struct asking *a, enum link_status status)
{
	static const enum page_kind forms[] = {
		[LINK_CONFIRM] = PAGE_CONFIRM,
		[LINK_PREFERENCES] = PAGE_PREFERENCES,
		[LINK_UNSUBSCRIBE] = PAGE_UNSUBSCRIBE
	};

	if (status == LINK_EXPIRED)
		finish(a->out, "410 Gone", PAGE_EXPIRED, "the link has "
		    "expired");
	else if (status != LINK_GOOD)
		finish(a->out, "403 Forbidden", PAGE_FORGED, "the link is "
		    "forged, cut or of another key");
	else if (strcmp(a->request->method, "POST") == 0)
		answer_post(a);
	else
		finish(a->out, "200 OK", forms[a->out->page.purpose], NULL);
}

/* Ours is the fault: a mail service then tries again. */
static void
answer_unable(struct asking *a, const char *why)
{
	finish(a->out, "503 Service Unavailable", PAGE_LATER, why);
}

void
page_hook(struct config *c, const struct page_request *r, instant now,
    struct arena *mem, struct page_answer *out)
{
	struct asking a = { .config = c, .request = r, .mem = mem,
	    .out = out };
	enum link_status status = LINK_MALFORMED;
	const char *token, *language;
	struct links links;
	struct link link;
	struct error e;

	token = token_of(&a, &language);
	language = page_pick_language(language, r->accepted,
	    config_string(c, "site", NULL, "language"));
	out->keep = false;
	out->page = (struct page){ .config = c, .language = language,
	    .purpose = purpose_of(r->path) };
	if (links_open(&links, c, &e) == -1)
		answer_unable(&a, arena_strdup(mem, e.text));
	else if (!links.on)
		answer_unable(&a, "[links] key and [site] public_url are not "
		    "both set");
	else {
		if (token != NULL)
			status = link_verify(&links, out->page.purpose, token,
			    now, &link);
		if (status == LINK_GOOD || status == LINK_EXPIRED)
			out->page.token = token;
		answer_link(&a, status);
	}
	links_release(&links);
	if (strcmp(r->method, "HEAD") == 0)
		buf_clear(&out->body);
}

void
page_hook_unkept(struct page_answer *out)
{
	out->keep = false;
	finish(out, "503 Service Unavailable", PAGE_LATER, out->why);
	buf_str(&out->headers, "Retry-After: 120\r\n");
}

void
page_answer_release(struct page_answer *a)
{
	buf_release(&a->headers);
	buf_release(&a->body);
}
