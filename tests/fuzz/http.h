/*
 * What the fuzz targets of providers share: an input is the line of a response
 * and its body.
 *
 *	201 -1 done\n{"sid":...
 *
 * HTTP status, Retry-After, and "done", "cut", "lost" (started, no answer),
 * "unsent" or "tls".
 */
#ifndef TESTS_FUZZ_HTTP_H
#define TESTS_FUZZ_HTTP_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "promise.h"
#include "provider/provider.h"

static struct config *config;

static inline void
leave(void)
{
	config_free(config);
}

static inline void
enter(const char *text)
{
	char path[] = "/tmp/omni-fuzz-XXXXXX";
	struct error e;
	FILE *f = fdopen(mkstemp(path), "w");

	promise(f != NULL && fputs(text, f) != EOF && fclose(f) == 0,
	    "files can be written");
	record_setup();
	config = config_load(path, NULL, 0, &e);
	promise(config != NULL && unlink(path) == 0,
	    "the configuration is good");
	atexit(leave);
}

/* False: there is no first line. */
static inline bool
read_input(const uint8_t *data, size_t size, struct response *r)
{
	const char *end = size == 0 ? NULL : memchr(data, '\n', size);
	char line[64], word[16] = "";

	if (end == NULL || end - (const char *)data >= (int)sizeof(line))
		return false;
	memcpy(line, data, (size_t)(end - (const char *)data));
	line[end - (const char *)data] = '\0';
	*r = (struct response){ .body = BUF_INIT(RESPONSE_MAX),
	    .started = true };
	if (sscanf(line, "%4d %18" SCNd64 " %15s", &r->code, &r->retry_after,
	    word) != 3)
		return false;
	r->cut = strcmp(word, "cut") == 0;
	r->certificate = strcmp(word, "tls") == 0;
	r->started = strcmp(word, "unsent") != 0 && !r->certificate;
	r->failed = !r->started || strcmp(word, "lost") == 0;
	buf_add(&r->body, end + 1, size - (size_t)(end + 1 -
	    (const char *)data));
	return true;
}

static inline void
check_verdict(const struct response *r, const struct verdict *v)
{
	promise(v->outcome < OUTCOME_MAX, "an outcome is one");
	promise((v->provider_id[0] != '\0') ==
	    (v->outcome == OUTCOME_ACCEPTED), "what is accepted has an id");
	promise(v->outcome != OUTCOME_ACCEPTED || (!r->failed && !r->cut &&
	    r->code >= 200 && r->code < 300), "accepted needs an answer");
	promise(v->wait >= 0 && v->wait <= 7 * 86400 && v->segments >= 0,
	    "numbers have their limits");
	promise(utf8_valid(v->text, strlen(v->text)), "the text is UTF-8");
	for (const char *s = v->text; *s != '\0'; s++)
		promise((unsigned char)*s >= ' ' && *s != 0x7f,
		    "nothing speaks to a terminal");
	for (const char *s = v->provider_id; *s != '\0'; s++)
		promise(*s > ' ' && *s < 0x7f, "an id can be printed");
	for (const char *s = v->code; *s != '\0'; s++)
		promise(*s >= ' ' && *s < 0x7f, "a code can be printed");
}

#endif
