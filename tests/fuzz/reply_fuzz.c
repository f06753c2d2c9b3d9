/*
 * Answers of people under inputs made by chance, for libFuzzer or feed.c: what
 * is not certain is never a yes.
 *
 * An input is an answer; one that begins with a '[' or an '@' is a list of
 * words, too.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/reply.h"
#include "message/reply_lexicon.h"
#include "message/reply_lists.h"
#include "promise.h"

/* Of what a yes may be made. */
static bool
may_be_in_yes(enum reply_kind kind)
{
	return kind == KIND_YES || kind == KIND_YES_ACCENTED ||
	    kind == KIND_COMING || kind >= KIND_DAY;
}

/*
 * Every phrase of a yes is one, or says nothing; so no "no" is in it but as
 * part of such a phrase.  An unknown word is a name, of which there are few.
 */
static void
check_yes(const struct reply_text *t, const struct reply_spellings *s)
{
	enum reply_kind kind;
	size_t n, unknown = 0, yes = 0;

	if (reply_lexicon_longest(t, s, 0, true, &kind) == t->count) {
		promise(kind == KIND_YES_ALONE, "what stands alone is a yes");
		return;
	}
	for (size_t i = 0; i < t->count; i += n) {
		n = reply_lexicon_longest(t, s, i, false, &kind);
		if (n == 0) {
			promise(s[i].count == 0 && !s[i].doubtful,
			    "no word that is known is passed over");
			unknown++;
			n = 1;
		} else {
			promise(may_be_in_yes(kind), "nothing else in a yes");
			yes += kind < KIND_NO;
		}
	}
	promise(yes > 0, "a yes is said");
	promise(unknown < t->count, "and not by names");
}

static void
check_answer(const char *text, size_t len)
{
	static struct reply_spellings s[REPLY_WORDS_MAX];
	static struct reply_text t;
	enum reply_intent intent = reply_classify(text, len);

	promise(reply_intent_name(intent) != NULL, "an intent has a name");
	promise(intent != REPLY_CALL_BACK && intent < REPLY_MAX,
	    "a text does not press keys");
	promise(reply_classify(text, len) == intent, "twice the same");
	if (intent != REPLY_CONFIRM)
		return;
	promise(reply_read(text, len, &t), "a yes can be read");
	promise(t.count > 0 && !t.question, "and does not ask");
	for (size_t i = 0; i < t.count; i++)
		reply_lexicon_spell(&t.words[i], &s[i]);
	check_yes(&t, s);
}

static void
check_phrase(void *ctx, enum reply_kind kind, const char *phrase, size_t line)
{
	(void)ctx;
	promise(kind < KIND_MAX && line > 0, "a phrase has its place");
	promise(*phrase != '\0' && *phrase != ' ' &&
	    strstr(phrase, "  ") == NULL, "a phrase is words");
	promise(phrase[strlen(phrase) - 1] != ' ', "and ends with one");
}

static void
check_lists(const char *text)
{
	struct error e = { .text = "" };

	if (reply_lists_read("list", text, check_phrase, NULL, &e) == -1)
		promise(strncmp(e.text, "list:", 5) == 0, "it is said where");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = as_text(data, size);

	check_answer(text, size);
	if (*text == '[' || *text == '@')
		check_lists(text);
	free(text);
	return 0;
}
