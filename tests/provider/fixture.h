/*
 * For the unit tests of providers: a configuration, an order, and answers.
 * What a test prints before it fails is what it got.
 */
#ifndef TESTS_PROVIDER_FIXTURE_H
#define TESTS_PROVIDER_FIXTURE_H

#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/config.h"
#include "provider/provider.h"
#include "provider/provider_impl.h"

#define SECRET	"5ecRetOf32LettersAndDigits012345"

static struct config *config;
static struct record record = RECORD_INIT;

static inline void
use_config(const char *text)
{
	char path[] = "/tmp/omni-provider-XXXXXX";
	struct error e = { .text = "" };
	FILE *f = fdopen(mkstemp(path), "w");

	assert(f != NULL && fputs(text, f) != EOF && fclose(f) == 0);
	config_free(config);
	config = config_load(path, NULL, 0, &e);
	if (config == NULL)
		fprintf(stderr, "%s\n", e.text);
	assert(config != NULL && unlink(path) == 0);
}

static inline void
use_record(const char *json)
{
	static char *line;
	struct error e = { .text = "" };

	free(line);
	line = strdup(json);
	assert(line != NULL);
	if (record_parse(&record, line, strlen(line), &e) == -1)
		fprintf(stderr, "%s: %s\n", json, e.text);
	assert(record.root != NULL);
}

static inline void
done(void)
{
	record_release(&record);
	config_free(config);
}

static inline void
same_text(const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		fprintf(stderr, "got:  %s\nwant: %s\n", got, want);
	assert(strcmp(got, want) == 0);
}

static inline struct request
built(const struct provider *p, const struct order *o)
{
	struct request out = { .body = BUF_INIT(REQUEST_MAX),
	    .headers = BUF_INIT(HEADERS_MAX) };
	struct error e = { .text = "" };

	if (p->build(o, &out, &e) == -1)
		fprintf(stderr, "refused: %s\n", e.text);
	assert(e.text[0] == '\0');
	assert(strstr(out.url, SECRET) == NULL);
	assert(strstr(buf_text(&out.body), SECRET) == NULL);
	assert(strstr(buf_text(&out.headers), SECRET) == NULL);
	return out;
}

static inline void
builds(const struct provider *p, const struct order *o, const char *url,
    const char *body)
{
	struct request out = built(p, o);

	same_text(out.url, url);
	same_text(buf_text(&out.body), body);
	same_text(out.method, "POST");
	same_text(out.to, o->to);
	buf_release(&out.body);
	buf_release(&out.headers);
}

/* With that status, and the reason begins with `why`. */
static inline void
refuses(const struct provider *p, const struct order *o, int status,
    const char *why)
{
	struct request out = { .body = BUF_INIT(REQUEST_MAX),
	    .headers = BUF_INIT(HEADERS_MAX) };
	struct error e = { .text = "" };

	if (p->build(o, &out, &e) != -1)
		fprintf(stderr, "not refused, %s: %s\n", why,
		    buf_text(&out.body));
	if (strncmp(e.text, why, strlen(why)) != 0 || e.status != status)
		fprintf(stderr, "got:  %d %s\nwant: %d %s\n", e.status,
		    e.text, status, why);
	assert(e.status == status);
	assert(strncmp(e.text, why, strlen(why)) == 0);
	assert(strstr(e.text, SECRET) == NULL);
	buf_release(&out.body);
	buf_release(&out.headers);
}

/* The set-up is wrong, and the reason begins with `why`. */
static inline void
cannot_sign_in(const struct provider *p, const char *name, const char *why)
{
	struct credentials c;
	struct error e = { .text = "" };

	assert(p->sign_in(config, name, &c, &e) == -1);
	if (strncmp(e.text, why, strlen(why)) != 0)
		fprintf(stderr, "got: %s\nwant: %s\n", e.text, why);
	assert(e.status == EX_CONFIG);
	assert(strncmp(e.text, why, strlen(why)) == 0);
	assert(strstr(e.text, SECRET) == NULL);
	buf_release(&c.secret);
}

static inline struct verdict
read_response(const struct provider *p, const struct response *r)
{
	struct verdict v;

	memset(&v, 0x5a, sizeof(v));
	p->read(r, &v);
	assert(v.outcome < OUTCOME_MAX);
	assert((v.provider_id[0] != '\0') == (v.outcome == OUTCOME_ACCEPTED));
	assert(v.wait >= 0 && v.segments >= 0);
	for (const char *s = v.text; *s != '\0'; s++)
		assert((unsigned char)*s >= ' ' && *s != 0x7f);
	return v;
}

/* What the provider makes of an answer. */
static inline struct verdict
read_answer(const struct provider *p, int status, const char *body)
{
	struct response r = { .started = true, .code = status,
	    .body = BUF_INIT(RESPONSE_MAX), .retry_after = -1 };
	struct verdict v;

	buf_str(&r.body, body);
	v = read_response(p, &r);
	buf_release(&r.body);
	return v;
}

static inline struct verdict
answers(const struct provider *p, int status, const char *body,
    enum outcome want)
{
	struct verdict v = read_answer(p, status, body);

	if (v.outcome != want)
		fprintf(stderr, "%d %s: got %s, want %s\n", status, body,
		    outcome_name(v.outcome), outcome_name(want));
	assert(v.outcome == want);
	return v;
}

/* Every way in which there is no status at all. */
static inline void
check_failures(const struct provider *p)
{
	static const struct {
		bool started, certificate;
		enum outcome want;
	} ways[] = {
		{ false, false, OUTCOME_LATER },
		{ false, true, OUTCOME_SETUP },
		{ true, false, OUTCOME_UNKNOWN },
		{ true, true, OUTCOME_UNKNOWN }
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct response r = { .failed = true, .code = 28,
		    .started = ways[i].started,
		    .certificate = ways[i].certificate, .retry_after = -1,
		    .text = "Timeout was \033[1mreached" };
		struct verdict v = read_response(p, &r);

		assert(v.outcome == ways[i].want);
		assert(v.outage == (v.outcome != OUTCOME_SETUP));
		same_text(v.text, "Timeout was \\x1b[1mreached");
		same_text(v.code, "transfer 28");
	}
}

/* What stands for a message in a 2xx can be damaged in many ways. */
static inline void
check_halves(const struct provider *p, int status, const char *good)
{
	char *half = strdup(good);

	assert(half != NULL);
	answers(p, status, good, OUTCOME_ACCEPTED);
	for (size_t n = strlen(good) - 1; n > 0; n--) {
		half[n] = '\0';
		answers(p, status, half, OUTCOME_UNKNOWN);
	}
	free(half);
}

/* All that need no body to be understood. */
static inline void
check_statuses(const struct provider *p)
{
	static const struct {
		int status;
		enum outcome want;
		bool outage;
	} all[] = {
		{ 100, OUTCOME_UNKNOWN, true }, { 0, OUTCOME_UNKNOWN, true },
		{ 200, OUTCOME_UNKNOWN, false },
		{ 201, OUTCOME_UNKNOWN, false },
		{ 204, OUTCOME_UNKNOWN, false },
		{ 301, OUTCOME_SETUP, false }, { 302, OUTCOME_SETUP, false },
		{ 307, OUTCOME_SETUP, false }, { 308, OUTCOME_SETUP, false },
		{ 400, OUTCOME_REFUSED, false },
		{ 401, OUTCOME_SETUP, false }, { 402, OUTCOME_SETUP, false },
		{ 403, OUTCOME_LATER, true }, { 404, OUTCOME_LATER, true },
		{ 405, OUTCOME_LATER, true }, { 407, OUTCOME_SETUP, false },
		{ 410, OUTCOME_LATER, true }, { 421, OUTCOME_SETUP, false },
		{ 408, OUTCOME_UNKNOWN, false },
		{ 409, OUTCOME_REFUSED, false },
		{ 413, OUTCOME_REFUSED, false },
		{ 429, OUTCOME_LATER, false }, { 500, OUTCOME_UNKNOWN, true },
		{ 502, OUTCOME_UNKNOWN, true }, { 503, OUTCOME_UNKNOWN, true },
		{ 504, OUTCOME_UNKNOWN, true }, { 599, OUTCOME_UNKNOWN, true },
		{ 600, OUTCOME_UNKNOWN, true }
	};
	static const char *const bodies[] = { "", "{}", "[]", "null", "{",
	    "<html><h1>Bad Gateway</h1></html>", "\xff\xfe", "OK",
	    "{\"a\":1,\"a\":2}", "{\"sid\":null}", "{\"error\":[]}",
	    "{\"messages\":{}}", "{\"code\":\"21610\",\"message\":[1]}",
	    "{\"error\":{\"code\":\"190\",\"message\":{}}}",
	    "{\"messages\":[{\"id\":7}]}", "{\"sid\":{\"x\":[]}}" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (size_t k = 0; k < sizeof(bodies) / sizeof(bodies[0]);
		    k++) {
			struct verdict v = answers(p, all[i].status,
			    bodies[k], all[i].want);
			char code[32];

			assert(v.outage == all[i].outage);
			snprintf(code, sizeof(code), "HTTP %d",
			    all[i].status);
			same_text(v.code, code);
			assert(v.text[0] != '\0');
		}
}

/* Much more than an answer can be, of which the beginning was kept. */
static inline void
check_cut(const struct provider *p, int status, const char *good)
{
	struct response r = { .started = true, .code = status, .cut = true,
	    .body = BUF_INIT(RESPONSE_MAX), .retry_after = -1 };
	struct verdict v;

	buf_str(&r.body, good);
	v = read_response(p, &r);
	assert(v.outcome == OUTCOME_UNKNOWN);
	same_text(v.text, "the answer breaks off or is too long");
	buf_clear(&r.body);
	while (r.body.len < RESPONSE_MAX)
		buf_char(&r.body, r.body.len % 2 ? '[' : '{');
	assert(read_response(p, &r).outcome == OUTCOME_UNKNOWN);
	r.cut = false;
	assert(read_response(p, &r).outcome == OUTCOME_UNKNOWN);
	r.code = 400;
	assert(read_response(p, &r).outcome == OUTCOME_REFUSED);
	buf_release(&r.body);
}

static inline void
check_retry_after(const struct provider *p, const char *body)
{
	static const struct {
		int64_t said, wait;
	} all[] = { { -1, 0 }, { 0, 0 }, { 30, 30 }, { 86400, 86400 },
	    { INT64_MAX, 7 * 86400 }, { -5, 0 } };
	struct response r = { .started = true, .code = 429,
	    .body = BUF_INIT(RESPONSE_MAX) };

	buf_str(&r.body, body);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct verdict v;

		r.retry_after = all[i].said;
		v = read_response(p, &r);
		assert(v.outcome == OUTCOME_LATER);
		assert(v.wait == all[i].wait);
	}
	buf_release(&r.body);
}

#endif
