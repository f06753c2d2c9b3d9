#include "assume.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/digest.h"
#include "base/io.h"

#define FILE_MAX	(16 * 1024 * 1024)
#define WHOLE		10000		/* 100 %, in hundredths */
#define DELAY		600		/* people answer after ten minutes */
#define WORDS		7

static const char *const acts[] = {
	[ASSUME_CONFIRM] = "confirm", [ASSUME_DECLINE] = "decline",
	[ASSUME_STOP] = "stop", [ASSUME_READ] = "read",
	[ASSUME_FAIL] = "fail"
};

struct line {
	char words[WORDS][160];
	size_t count;
};

static bool
read_act(const char *word, enum assume_act *act)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strcmp(acts[i], word) == 0) {
			*act = (enum assume_act)i;
			return true;
		}
	return false;
}

/* "30%", "2.5%": in hundredths of a percent. */
static bool
read_share(const char *word, int *share)
{
	char *end;
	double n = strtod(word, &end);

	if (end == word || strcmp(end, "%") != 0 || !(n >= 0 && n <= 100))
		return false;
	*share = (int)(n * 100 + 0.5);
	return true;
}

/* As people write it: SMS, WhatsApp. */
static bool
read_channel(const char *word, struct assume_rule *r)
{
	for (size_t i = 0; i < CONFIG_CHANNEL_TYPES; i++)
		if (strcasecmp(config_channel_type(i), word) == 0) {
			snprintf(r->channel, sizeof(r->channel), "%s",
			    config_channel_type(i));
			return true;
		}
	return false;
}

/* "30% confirm after sms [in 45m]", "2% fail sms" */
static bool
read_general(const struct line *l, struct assume_rule *r)
{
	size_t i = 2;
	bool answer;

	if (!read_share(l->words[0], &r->share) ||
	    !read_act(l->words[1], &r->act))
		return false;
	answer = r->act != ASSUME_READ && r->act != ASSUME_FAIL;
	if (answer && strcmp(l->words[i++], "after") != 0)
		return false;
	if (!read_channel(l->words[i++], r))
		return false;
	r->delay = r->act == ASSUME_FAIL ? 0 : DELAY;
	if (i < l->count && r->act != ASSUME_FAIL &&
	    strcmp(l->words[i], "in") == 0 && i + 1 < l->count) {
		if (!duration_parse(l->words[i + 1], &r->delay))
			return false;
		i += 2;
	}
	return i == l->count;
}

/* "appointment-42 confirm at 2026-11-24T10:00:00-06:00" */
static bool
read_single(const struct line *l, struct assume_rule *r)
{
	if (l->count != 4 || strcmp(l->words[2], "at") != 0 ||
	    !read_act(l->words[1], &r->act) || (r->act != ASSUME_CONFIRM &&
	    r->act != ASSUME_DECLINE && r->act != ASSUME_STOP))
		return false;
	snprintf(r->reminder, sizeof(r->reminder), "%s", l->words[0]);
	return clock_parse(l->words[3], &r->at);
}

/* "30 % confirm after SMS" is what people write. */
static void
split(const char *text, struct line *l)
{
	size_t i = 0, end;

	while (l->count < WORDS && config_word(text, i++, l->words[l->count],
	    sizeof(l->words[0]))) {
		end = strlen(l->words[0]);
		if (l->count == 1 && strcmp(l->words[1], "%") == 0)
			snprintf(l->words[0] + end, sizeof(l->words[0]) - end,
			    "%%");
		else
			l->count++;
	}
}

/* 1: a rule, 0: none, -1: neither. */
static int
read_line(const char *text, struct assume_rule *r)
{
	struct line l = { .count = 0 };

	split(text, &l);
	*r = (struct assume_rule){ .share = 0 };
	if (l.count == 0 || l.words[0][0] == '#')
		return 0;
	if (l.count == WORDS)
		return -1;
	return read_general(&l, r) || read_single(&l, r) ? 1 : -1;
}

static int
read_all(struct assume *a, const char *file, char *text, struct error *e)
{
	size_t line = 0, size = 0;
	struct assume_rule rule;
	char *end;
	int rc;

	for (; *text != '\0'; text = end) {
		end = text + strcspn(text, "\n");
		if (*end == '\n')
			*end++ = '\0';
		line++;
		rc = read_line(text, &rule);
		if (rc == -1)
			return error_set(e, EX_DATAERR, "%.200s:%zu: not like "
			    "\"30%% confirm after sms\" or \"ID confirm at "
			    "TIME\"", file, line);
		if (rc == 0)
			continue;
		if (a->count == size) {
			size = size == 0 ? 16 : 2 * size;
			a->rules = realloc(a->rules, size * sizeof(rule));
			if (a->rules == NULL)
				die(EX_OSERR, "out of memory");
		}
		rule.line = line;
		a->rules[a->count++] = rule;
	}
	return 0;
}

int
assume_load(struct assume *a, const char *file, struct error *e)
{
	struct buf text = BUF_INIT(FILE_MAX);
	int rc;

	*a = (struct assume){ .count = 0 };
	rc = io_read_file(AT_FDCWD, file, &text, e);
	if (rc == 0 && text.len > 0)
		rc = read_all(a, file, text.data, e);
	buf_release(&text);
	return rc;
}

void
assume_release(struct assume *a)
{
	free(a->rules);
}

/* From 0 to 9999, the same each time. */
static int
roll(const char *id, size_t rule)
{
	char text[330], hash[DIGEST_HEX];

	snprintf(text, sizeof(text), "%zu %.300s", rule, id);
	digest_sha256(text, strlen(text), hash);
	hash[8] = '\0';
	return (int)(strtoul(hash, NULL, 16) % WHOLE);
}

const struct assume_rule *
assume_of(const struct assume *a, const char *id, const char *channel,
    size_t *next)
{
	const struct assume_rule *r;

	while (*next < a->count) {
		r = &a->rules[(*next)++];
		if (r->reminder[0] == '\0' &&
		    strcmp(r->channel, channel) == 0 &&
		    roll(id, *next) < r->share)
			return r;
	}
	return NULL;
}
