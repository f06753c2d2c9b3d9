/*
 * Twilio's lists of messages and of calls, in pages.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "emit.h"
#include "twilio.h"

#define PAGE_DEFAULT	50
#define PAGE_MOST	1000

/* What is listed, and what its filters are called. */
struct kind {
	const char *name, *member, *on, *since, *until;
	void (*show)(struct exchange *x, const struct message *m);
};
static const struct kind messages = { "message", "messages", "DateSent",
	"DateSent>", "DateSent<", twilio_show_message };
static const struct kind calls = { "call", "calls", "StartTime", "StartTime>",
	"StartTime<", twilio_show_call };

struct filter_of_list {
	const struct kind *kind;
	const char *to, *from, *status;
	instant not_before, not_after;
	bool dated;
	size_t size, page;
	const char *after;	/* sid that the last page ended with, or NULL */
};

/* A day or an instant: the first and the last second that it names. */
static bool
span(const char *s, instant *first, instant *last)
{
	struct civil c = { .second = 0 };
	char *end;

	if (clock_parse(s, first)) {
		*last = *first;
		return true;
	}
	c.year = (int)strtol(s, &end, 10);
	if (*end != '-')
		return false;
	c.month = (int)strtol(end + 1, &end, 10);
	if (*end != '-')
		return false;
	c.day = (int)strtol(end + 1, &end, 10);
	if (*end != '\0' || !civil_is_valid(&c))
		return false;
	*first = civil_to_utc(&c);
	*last = *first + 86399;
	return true;
}

static void
read_dates(const struct form *q, struct filter_of_list *f)
{
	const char *on = form_get(q, f->kind->on);
	const char *from = form_get(q, f->kind->since);
	const char *until = form_get(q, f->kind->until);
	instant ignored;

	f->not_before = INT64_MIN;
	f->not_after = INT64_MAX;
	if (on != NULL)
		f->dated |= span(on, &f->not_before, &f->not_after);
	if (from != NULL)
		f->dated |= span(from, &f->not_before, &ignored);
	if (until != NULL)
		f->dated |= span(until, &ignored, &f->not_after);
}

static void
read_list_filter(const struct exchange *x, const struct kind *kind,
    struct filter_of_list *f)
{
	const struct form *q = &x->query;
	const char *size = form_get(q, "PageSize");
	const char *page = form_get(q, "Page");

	*f = (struct filter_of_list){ .kind = kind, .to = form_get(q, "To"),
	    .status = kind == &calls ? form_get(q, "Status") : NULL,
	    .from = form_get(q, "From"), .size = PAGE_DEFAULT,
	    .after = form_get(q, "PageToken") };
	read_dates(q, f);
	if (size != NULL)
		f->size = strtoul(size, NULL, 10);
	if (f->size < 1 || f->size > PAGE_MOST)
		f->size = f->size < 1 ? PAGE_DEFAULT : PAGE_MOST;
	f->page = page == NULL ? 0 : strtoul(page, NULL, 10);
	if (f->after != NULL)		/* "PASM..." */
		f->after = strncmp(f->after, "PA", 2) == 0 ? f->after + 2 :
		    NULL;
}

static bool
is_listed(const struct message *m, const struct filter_of_list *f)
{
	if (m->provider != SCOPE_TWILIO || strcmp(m->kind, f->kind->name) != 0)
		return false;
	if (f->from != NULL && (m->from == NULL ||
	    strcmp(m->from, f->from) != 0))
		return false;
	if (f->status != NULL && strcmp(m->status, f->status) != 0)
		return false;
	if (f->dated && (m->sent == 0 || m->sent < f->not_before ||
	    m->sent > f->not_after))
		return false;
	return true;
}

/* The next one that is listed, from `m` on. */
static struct message *
next_listed(struct message *m, const struct filter_of_list *f)
{
	while (m != NULL && !is_listed(m, f))
		m = f->to == NULL ? m->older : m->older_to;
	return m;
}

static struct message *
following(struct message *m, const struct filter_of_list *f)
{
	return next_listed(f->to == NULL ? m->older : m->older_to, f);
}

/* The first message of the page that is asked for. */
static struct message *
page_begin(struct store *s, const struct filter_of_list *f)
{
	struct message *m = f->after == NULL ? NULL : store_find(s, f->after,
	    f->kind->name);

	if (m != NULL)
		return following(m, f);
	m = next_listed(store_newest(s, f->to), f);
	for (size_t i = 0; m != NULL && i < f->page * f->size; i++)
		m = following(m, f);
	return m;
}

/* The query as it came, without where in the list to begin. */
static char *
page_uri(struct exchange *x, size_t page, const char *token)
{
	struct buf b = BUF_INIT(64 * 1024);
	const char *query = strchr(x->target, '?');
	size_t len;
	char *uri;

	buf_str(&b, x->path);
	buf_char(&b, '?');
	for (query = query == NULL ? "" : query + 1; *query != '\0';
	    query += len + (query[len] == '&')) {
		len = strcspn(query, "&");
		if (strncmp(query, "Page=", 5) == 0 ||
		    strncmp(query, "PageToken=", 10) == 0)
			continue;
		buf_add(&b, query, len);
		buf_char(&b, '&');
	}
	buf_printf(&b, "Page=%zu", page);
	if (token != NULL)
		buf_printf(&b, "&PageToken=PA%s", token);
	uri = arena_strdup(&x->mem, buf_text(&b));
	buf_release(&b);
	return uri;
}

static void
show_paging(struct exchange *x, const struct filter_of_list *f, size_t count,
    const char *token)
{
	struct buf *b = &x->answer;
	int64_t start = (int64_t)(f->page * f->size);

	emit_integer(b, "start", start);
	emit_integer(b, "end", count == 0 ? start :
	    start + (int64_t)count - 1);
	emit_integer(b, "page", (int64_t)f->page);
	emit_integer(b, "page_size", (int64_t)f->size);
	emit_string(b, "uri", x->target);
	emit_string(b, "first_page_uri", page_uri(x, 0, NULL));
	emit_string(b, "next_page_uri", token == NULL ? NULL :
	    page_uri(x, f->page + 1, token));
	emit_string(b, "previous_page_uri", f->page == 0 ? NULL :
	    page_uri(x, f->page - 1, NULL));
}

static void
list(struct exchange *x, const struct kind *kind)
{
	struct store *s = &x->sim->store;
	struct filter_of_list f;
	struct message *m, *last = NULL;
	size_t count = 0;

	read_list_filter(x, kind, &f);
	m = page_begin(s, &f);
	x->status = 200;
	emit_open(&x->answer, NULL, '{');
	emit_open(&x->answer, kind->member, '[');
	pthread_mutex_lock(&s->lock);
	for (; m != NULL && count < f.size; count++, m = following(m, &f)) {
		kind->show(x, m);
		last = m;
	}
	pthread_mutex_unlock(&s->lock);
	emit_close(&x->answer, ']');
	show_paging(x, &f, count, m == NULL ? NULL : last->id);
	emit_close(&x->answer, '}');
}

void
twilio_list_messages(struct exchange *x)
{
	list(x, &messages);
}

void
twilio_list_calls(struct exchange *x)
{
	list(x, &calls);
}

/*
 * What was uploaded, as media of a message that came in: like Twilio it sends
 * whoever asks on to another place, which wants no credential.
 */
void
twilio_media(struct exchange *x)
{
	const char *id = x->part[2];

	x->status = 307;
	/* One that leads away from us: nobody should follow. */
	answer_header(x, "Location", strncmp(id, "MEaway", 6) == 0 ?
	    "http://elsewhere.example/" : arena_printf(&x->mem,
	    "http://127.0.0.1:%d/_content/%s", x->sim->http_port, id));
}

void
twilio_content(struct exchange *x)
{
	media_answer(x, x->part[0]);
}
