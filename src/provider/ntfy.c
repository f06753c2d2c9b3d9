/*
 * ntfy: a notice to a topic, on ntfy.sh or a server of one's own.
 *
 *	POST /			{"topic": ..., "message": ...}
 *	GET /TOPIC/json?poll=1&since=all
 *
 * Sources: docs.ntfy.sh/publish, "Publish as JSON", and docs.ntfy.sh/subscribe
 * /api, "Poll for messages".
 */
#include "codes_impl.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "provider/push.h"

#define NTFY		"https://ntfy.sh"
#define TOPIC_BYTES	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
#define TOPIC_MAX	64
#define TEXT_MAX	4096	/* bytes; a longer one becomes an attachment */
#define ID_MAX		64
#define BEFORE		300	/* seconds that clocks may differ */
#define AFTER		3600
/* A server keeps messages for 12 hours, unless it was told otherwise. */
#define KEPT		((int64_t)11 * 3600)

/* An HTTP status and two digits, which say more about it; no receipts. */
static const struct code codes[] = {
	{ 40001, 40099, REFUSED, NONE, 0, 0 },
	{ 40101, 40199, SETUP, NONE, 0, 0 },
	{ 40301, 40399, SETUP, NONE, 0, 0 },
	{ 40401, 40499, REFUSED, NONE, 0, 0 },
	{ 41301, 41399, REFUSED, NONE, 0, 0 },
	{ 42901, 42999, LATER, NONE, 0, 0 },
};

int
ntfy_sign_in(struct config *c, const char *provider, struct credentials *out,
    struct error *e)
{
	memset(out, 0, sizeof(*out));
	out->how = SIGN_IN_HEADERS;
	out->secret = (struct buf)BUF_INIT(1);
	if (config_string(c, "provider", provider, "access_token") == NULL)
		return 0;
	out->how = SIGN_IN_BEARER;
	return http_secret(c, provider, "access_token", out, e);
}

static int
check_topic(const char *to, struct error *e)
{
	size_t n = strspn(to, TOPIC_BYTES);

	if (n == 0 || n > TOPIC_MAX || to[n] != '\0')
		return error_set(e, EX_DATAERR, "to: not a topic of ntfy, 1 "
		    "to %d letters, digits, - and _", TOPIC_MAX);
	return 0;
}

static void
add_tags(const struct order *o, struct value *body)
{
	const char *tags = config_string(o->config, "provider", o->provider,
	    "tags");
	struct value *list;
	char word[64];

	if (tags == NULL)
		return;
	list = value_new_array();
	for (size_t i = 0; config_word(tags, i, word, sizeof(word)); i++)
		value_append_take(list, value_new_string(word));
	value_set_take(body, "tags", list);
}

int
ntfy_build(const struct order *o, struct request *out, struct error *e)
{
	struct push_notice n;
	struct value *body;
	char base[1024];

	if (http_base(o, NTFY, base, sizeof(base), e) == -1 ||
	    check_topic(o->to, e) == -1 || push_read_notice(o, &n, e) == -1)
		return -1;
	if (strlen(n.text) > TEXT_MAX)
		return error_set(e, EX_DATAERR, "text: %zu bytes; ntfy takes "
		    "at most %d", strlen(n.text), TEXT_MAX);
	body = value_new_object();
	value_set_string(body, "topic", o->to);
	if (n.title != NULL)
		value_set_string(body, "title", n.title);
	value_set_string(body, "message", n.text);
	value_set_integer(body, "priority", n.priority);
	if (n.link != NULL)
		value_set_string(body, "click", n.link);
	add_tags(o, body);
	value_write(body, &out->body);
	value_free(body);
	if (out->body.full)
		return error_set(e, EX_DATAERR, "the request gets too long");
	snprintf(out->to, sizeof(out->to), "%s", o->to);
	out->method = "POST";
	out->content_type = "application/json";
	snprintf(out->url, sizeof(out->url), "%s/", base);
	return 0;
}

/* Answers. */

static bool
is_id(const char *id)
{
	size_t n = id == NULL ? 0 : strspn(id, TOPIC_BYTES);

	return n > 0 && n <= ID_MAX && id[n] == '\0';
}

static void
read_accepted(const struct response *r, const struct value *json,
    struct verdict *out)
{
	const char *id = value_get_string(json, "id");

	if (json == NULL)
		http_doubt(out, http_json_fault(r));
	else if (!is_id(id))
		http_doubt(out, "the answer has no id");
	else {
		out->outcome = OUTCOME_ACCEPTED;
		out->code[0] = out->text[0] = '\0';
		snprintf(out->provider_id, sizeof(out->provider_id), "%s",
		    id);
	}
}

static void
read_error(const struct response *r, const struct value *json,
    struct verdict *out)
{
	const char *said = value_get_string(json, "error");
	int64_t number;

	if (said != NULL && *said != '\0')
		http_say(out, said);
	if (!value_integer(value_get(json, "code"), &number) || number <= 0)
		return;
	/* A 5xx may have come after the message was taken. */
	http_apply(r, number, r->code >= 500 ? NULL : code_find(codes,
	    sizeof(codes) / sizeof(codes[0]), number), out);
}

void
ntfy_read(const struct response *r, struct verdict *out)
{
	http_read_json(r, read_accepted, read_error, out);
}

/*
 * After a lost answer.  All that the server keeps of the topic, and not only
 * what came since: its clock may be another than ours.
 */
int
ntfy_ask(const struct order *o, const char *page, struct request *out,
    struct error *e)
{
	char base[1024];

	if (http_base(o, NTFY, base, sizeof(base), e) == -1 ||
	    check_topic(o->to, e) == -1)
		return -1;
	if (page != NULL)
		return error_set(e, EX_DATAERR, "ntfy's list has one page");
	snprintf(out->url, sizeof(out->url), "%s/%s/json?poll=1&since=all",
	    base, o->to);
	out->method = "GET";
	out->content_type = NULL;
	return 0;
}

/* The server cuts blanks off at both ends. */
static bool
same_text(const char *a, const char *b)
{
	size_t n, m;

	a = a == NULL ? "" : a;
	b = b == NULL ? "" : b;
	while (isspace((unsigned char)*a))
		a++;
	while (isspace((unsigned char)*b))
		b++;
	for (n = strlen(a); n > 0 && isspace((unsigned char)a[n - 1]); n--)
		;
	for (m = strlen(b); m > 0 && isspace((unsigned char)b[m - 1]); m--)
		;
	return n == m && strncmp(a, b, n) == 0;
}

struct search {
	const struct order *o;
	struct push_notice notice;
	instant first, last;
	bool (*found)(void *ctx, const char *provider_id, bool certain);
	void *ctx;
};

/* 1: it is ours; 0: another's; -1: what would tell is missing. */
static int
look_at(const struct search *s, const struct value *m)
{
	const char *event = value_get_string(m, "event");
	const char *id = value_get_string(m, "id");
	int64_t at;

	if (event == NULL)
		return -1;
	if (strcmp(event, "message") != 0 ||
	    !same_text(value_get_string(m, "title"), s->notice.title) ||
	    !same_text(value_get_string(m, "message"), s->notice.text))
		return 0;
	if (!is_id(id) || !value_integer(value_get(m, "time"), &at))
		return -1;
	return s->found(s->ctx, id, at >= s->first && at <= s->last) ? 1 : 0;
}

/* One JSON object in each line. */
static int
look_through(const struct search *s, const struct response *r)
{
	const char *line = buf_text(&r->body), *end;
	struct error ignored;
	struct value *m;
	int rc = 0;

	for (; rc == 0 && *line != '\0'; line = end + (*end == '\n')) {
		end = line + strcspn(line, "\n");
		if (end == line)
			continue;
		m = value_parse(line, (size_t)(end - line), &ignored);
		rc = m == NULL ? -1 : look_at(s, m);
		value_free(m);
	}
	return rc;
}

int
ntfy_look(const struct order *o, const struct response *r,
    bool (*found)(void *ctx, const char *provider_id, bool certain),
    void *ctx, char page[2048])
{
	/* A clock of ours that is wrong was so when it was sent, too. */
	int64_t skew = r->date == 0 ? 0 : r->date - o->now;
	struct search s = { .o = o, .found = found, .ctx = ctx,
	    .first = o->started + skew - BEFORE,
	    .last = o->started + skew + AFTER };
	struct error ignored;
	int rc;

	(void)page;
	if (r->failed || r->cut || r->code != 200 ||
	    memchr(buf_text(&r->body), '\0', r->body.len) != NULL ||
	    push_read_notice(o, &s.notice, &ignored) == -1)
		return -1;
	rc = look_through(&s, r);
	if (rc == 1)
		return 0;
	/* What is no longer kept is not in the list either. */
	return rc == -1 || o->now - o->started > KEPT ? -1 : 0;
}
