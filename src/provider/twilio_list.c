/*
 * What became of an attempt that Twilio did not answer: there is no key that
 * would make a second request the same message, so we look whether the first
 * one made it.
 *
 *	GET /2010-04-01/Accounts/AC.../Messages.json?To=...&PageSize=50
 *
 * The newest comes first.  There is a filter by DateSent, but whether it finds
 * what has not been sent yet is not documented; so all pages are read back to
 * the beginning of the attempt.
 */
#include "provider_impl.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/form.h"
#include "message/sms.h"

#define BEFORE		300	/* seconds that clocks may differ */
#define AFTER		3600
#define BODY_MAX	((size_t)16 * SMS_TEXT_MAX)	/* bytes */
#define TRIAL		"Sent from your Twilio trial account - "

/* Behind the host; with the page where Twilio said which. */
static void
list_path(const struct twilio_list *l, const char *account, char *out,
    size_t size)
{
	snprintf(out, size, TWILIO_VERSION "/Accounts/%s/%s.json?", account,
	    l->resource);
}

int
twilio_list_ask(const struct order *o, const struct twilio_list *l,
    const char *page, struct request *out, struct error *e)
{
	const char *account = twilio_sid_of(o, "account_sid", "AC", e);
	char base[1024], path[128];
	struct buf query = BUF_INIT(sizeof(out->url));

	if (account == NULL || http_base(o, TWILIO_BASE, base, sizeof(base),
	    e) == -1 || http_check_number(o->to, e) == -1)
		return -1;
	list_path(l, account, path, sizeof(path));
	if (page == NULL) {
		buf_str(&query, path);
		buf_str(&query, "To=");
		percent_encode(&query, o->to);
		buf_printf(&query, "&PageSize=%d", TWILIO_PAGE);
	} else if (strncmp(page, path, strlen(path)) == 0)
		buf_str(&query, page);
	if (query.len == 0 || query.full || strlen(base) + query.len >=
	    sizeof(out->url)) {
		buf_release(&query);
		return error_set(e, EX_DATAERR, "the next page of the list is "
		    "none of this account");
	}
	snprintf(out->url, sizeof(out->url), "%s%s", base, buf_text(&query));
	buf_release(&query);
	out->method = "GET";
	out->content_type = NULL;
	return 0;
}

static const struct twilio_list messages = { "Messages", "messages" };

int
twilio_ask(const struct order *o, const char *page, struct request *out,
    struct error *e)
{
	return twilio_list_ask(o, &messages, page, out, e);
}

bool
twilio_read_date(const char *s, instant *t)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct civil c = { .year = 0 };
	int hours, minutes, end = 0;
	char month[4] = "", sign[2] = "";
	const char *at;

	if (s == NULL || sscanf(s, "%*3[A-Za-z], %2d %3[A-Za-z] %4d "
	    "%2d:%2d:%2d %1[+-]%2d%2d%n", &c.day, month, &c.year, &c.hour,
	    &c.minute, &c.second, sign, &hours, &minutes, &end) != 9 ||
	    s[end] != '\0')
		return false;
	at = strstr(months, month);
	if (strlen(month) != 3 || at == NULL || (at - months) % 3 != 0)
		return false;
	c.month = (int)(at - months) / 3 + 1;
	if (!civil_is_valid(&c) || hours < 0 || hours > 23 || minutes < 0 ||
	    minutes > 59)
		return false;
	*t = civil_to_utc(&c) - (sign[0] == '-' ? -60 : 60) *
	    (hours * 60 + minutes);
	return true;
}

/*
 * A text as it is compared: Twilio answers with what went out, so look-alikes
 * are replaced in both, and any white space counts as one blank.
 */
static char *
fold(const char *text, struct arena *mem)
{
	struct sms_change *ignored = NULL;
	const char *s = sms_smart(text, &ignored, mem);
	char *out = arena_alloc(mem, strlen(s) + 1);
	size_t n = 0;

	for (; *s != '\0'; s++)
		if (!isspace((unsigned char)*s))
			out[n++] = *s;
		else if (n > 0 && out[n - 1] != ' ')
			out[n++] = ' ';
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return out;
}

struct search {
	const struct order *o;
	const char *from, *service;	/* or NULL */
	const char *text;		/* folded */
	bool media;
	instant first, last;
	struct arena *mem;
};

static bool
same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/*
 * Where MMS does not go, Twilio puts the URL of what belongs to the text behind
 * it.
 */
static bool
is_our_text(const struct search *s, const char *body)
{
	const char *theirs;

	if (strlen(body) > BODY_MAX)
		return false;
	if (strncmp(body, TRIAL, strlen(TRIAL)) == 0)
		body += strlen(TRIAL);
	theirs = fold(body, s->mem);
	return s->media ? strncmp(theirs, s->text, strlen(s->text)) == 0 :
	    strcmp(theirs, s->text) == 0;
}

static bool
is_to_whom(const struct search *s, const struct value *m)
{
	const char *direction = value_get_string(m, "direction");

	return direction != NULL && strncmp(direction, "outbound", 8) == 0 &&
	    same(value_get_string(m, "to"), s->o->to);
}

static bool
is_then_and_from_us(const struct search *s, const struct value *m,
    instant created)
{
	return (same(value_get_string(m, "from"), s->from) ||
	    same(value_get_string(m, "messaging_service_sid"), s->service)) &&
	    created >= s->first && created <= s->last;
}

static enum twilio_match
match(const void *ctx, const struct value *m)
{
	const struct search *s = ctx;
	const char *body = value_get_string(m, "body");
	const char *sid = value_get_string(m, "sid");
	instant created;
	bool exact;

	if ((!twilio_is_sid(sid, "SM") && !twilio_is_sid(sid, "MM")) ||
	    !twilio_read_date(value_get_string(m, "date_created"), &created))
		return TWILIO_UNCLEAR;
	if (!is_to_whom(s, m))
		return TWILIO_NO;
	exact = is_then_and_from_us(s, m, created);
	if (body == NULL || (body[0] == '\0' && s->text[0] != '\0'))
		return exact ? TWILIO_UNCLEAR : TWILIO_NO;
	arena_reset(s->mem);
	if (!is_our_text(s, body))
		return TWILIO_NO;
	/* ALIKE: of another time or sender than ours should be. */
	return exact ? TWILIO_OURS : TWILIO_ALIKE;
}

/* 1: one of them is ours; 0: none is; -1: one of them cannot be judged. */
static int
search_page(const struct value *all, twilio_matcher *is_ours,
    const void *search, bool (*found)(void *ctx, const char *provider_id,
    bool certain), void *ctx)
{
	const size_t count = value_count(all);
	enum twilio_match kind[TWILIO_PAGE];

	if (value_type(all) != VALUE_ARRAY || count > TWILIO_PAGE)
		return -1;
	for (size_t i = 0; i < count; i++) {
		kind[i] = is_ours(search, value_at(all, i));
		if (kind[i] == TWILIO_UNCLEAR)
			return -1;
	}
	for (size_t i = 0; i < count; i++)
		if (kind[i] != TWILIO_NO && found(ctx, value_get_string(
		    value_at(all, i), "sid"), kind[i] == TWILIO_OURS))
			return 1;
	return 0;
}

/* Nothing that follows can be of this attempt. */
static bool
is_before(instant first, const struct value *all)
{
	const size_t count = value_count(all);
	instant created;

	return count == 0 || (twilio_read_date(value_get_string(value_at(all,
	    count - 1), "date_created"), &created) && created < first);
}

/* A path of this account's list, as long as it may be, of visible bytes. */
static bool
is_page(const struct order *o, const struct twilio_list *l, const char *next)
{
	struct error ignored;
	const char *account = twilio_sid_of(o, "account_sid", "AC", &ignored);
	char path[128];

	if (account == NULL || strlen(next) >= 2048)
		return false;
	for (const char *p = next; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return false;
	list_path(l, account, path, sizeof(path));
	return strncmp(next, path, strlen(path)) == 0;
}

/*
 * Without a page that we can go to, and with too many, nobody knows whether it
 * is there: that is no end.
 */
static int
next_page(const struct order *o, const struct twilio_list *l,
    instant first, const struct value *json, char page[2048])
{
	const struct value *next = value_get(json, "next_page_uri");
	int64_t number;

	if (is_before(first, value_get(json, l->member)) ||
	    value_type(next) == VALUE_NULL)
		return 0;
	if (value_string(next) == NULL || !is_page(o, l, value_string(next)) ||
	    !value_integer(value_get(json, "page"), &number) ||
	    number < 0 || number + 1 >= ASK_PAGES_MAX)
		return -1;
	snprintf(page, 2048, "%s", value_string(next));
	return 1;
}

int
twilio_list_look(const struct order *o, const struct twilio_list *l,
    instant first, const struct value *json, twilio_matcher *is_ours,
    const void *search, bool (*found)(void *ctx, const char *provider_id,
    bool certain), void *ctx, char page[2048])
{
	int rc = search_page(value_get(json, l->member), is_ours, search,
	    found, ctx);

	/* Once it is found it matters no more what follows. */
	return rc == 1 ? 0 : rc == -1 ? -1 : next_page(o, l, first, json,
	    page);
}

/* An empty text matches only a message that has none. */
int
twilio_look(const struct order *o, const struct response *r,
    bool (*found)(void *ctx, const char *provider_id, bool certain),
    void *ctx, char page[2048])
{
	struct arena own = ARENA_INIT((size_t)4 * 1024 * 1024);
	struct arena mem = ARENA_INIT((size_t)4 * 1024 * 1024);
	const char *text = record_string(o->record, "text");
	/* A clock of ours that is wrong was so when it was sent, too. */
	int64_t skew = r->date == 0 ? 0 : r->date - o->now;
	struct search s = { .o = o, .mem = &mem,
	    .from = o->sender != NULL ? o->sender : config_string(o->config,
	    "channel", o->channel, "from"),
	    .service = config_string(o->config, "provider", o->provider,
	    "messaging_service"),
	    .media = value_count(record_get(o->record, "media")) > 0,
	    .first = o->started + skew - BEFORE,
	    .last = o->started + skew + AFTER };
	struct value *json = r->failed || r->code != 200 ? NULL : http_json(r);
	int rc = -1;

	if (json != NULL && text != NULL && strlen(text) <= BODY_MAX) {
		s.text = fold(text, &own);
		rc = twilio_list_look(o, &messages, s.first, json, match, &s,
		    found, ctx, page);
	}
	value_free(json);
	arena_release(&own);
	arena_release(&mem);
	return rc;
}
