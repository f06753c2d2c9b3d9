/*
 * Answers of language models made by chance, for libFuzzer or feed.c: the input
 * of http.h, read in both formats; and what staff or a reader would get of it.
 */
#include "http.h"

#include "assist/assist_impl.h"
#include "base/text.h"

#define SITE	"[site]\nemergency = +52 55 5000 0000\n" \
    "public_url = https://hooks.example.com/omni\n"
#define FACTS	"Banco: 55 9876 5432\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct arena mem = ARENA_INIT(64 * 1024 * 1024);

static bool
has_digits(const char *s, size_t count)
{
	size_t n = 0;

	for (; *s != '\0' && n < count; s++)
		n = *s >= '0' && *s <= '9' ? n + 1 : 0;
	return n == count;
}

static void
check_given(const char *text)
{
	promise(utf8_valid(text, strlen(text)) &&
	    utf8_count(text, strlen(text)) <= 1000, "a text has its limits");
	promise(text_fault(text, strlen(text), false) == NULL &&
	    !text_is_blank(text, strlen(text)), "a text can be shown");
	promise(strstr(text, "http") == NULL || strstr(text, "://") == NULL ||
	    strstr(text, "://hooks.example.com/omni") != NULL,
	    "no link but ours");
	promise(!has_digits(text, 13), "no long number");
}

static void
check_call(const struct llm_answer *a)
{
	struct proposal p;
	struct error e;

	promise(value_type(a->input) == VALUE_OBJECT && a->tool[0] != '\0' &&
	    a->why[0] == '\0', "a call has a name and an object");
	if (proposal_read(a, &mem, &p, &e) == -1) {
		promise(e.text[0] != '\0', "why it is of no use is told");
		return;
	}
	promise(p.kind == PROPOSAL_STAFF ? p.wish != NULL : p.text != NULL,
	    "a proposal proposes");
	if (p.text != NULL && check_text(config, FACTS, p.text, &e) == 0)
		check_given(p.text);
	if (p.text != NULL)
		(void)proposal_promises(p.text);
}

static void
check_answer(const struct response *r, const char *kind)
{
	struct llm_answer a;

	memset(&a, 0x5a, sizeof(a));
	llm_read(kind, r, &a);
	promise(a.outcome <= LLM_SETUP, "an outcome is one");
	promise((a.outcome == LLM_CALLED) == (a.input != NULL),
	    "only a call has an object");
	promise(a.outcome != LLM_CALLED || (!r->failed && !r->cut &&
	    r->code >= 200 && r->code < 300), "a call needs an answer");
	promise(a.outcome == LLM_CALLED || (a.why[0] != '\0' &&
	    a.reason[0] != '\0') || r->failed, "else there is a reason");
	promise(a.input_tokens >= -1 && a.output_tokens >= -1 &&
	    a.wait >= 0 && a.wait <= 86400, "numbers have their limits");
	for (const char *s = a.request_id; *s != '\0'; s++)
		promise(*s > ' ' && *s < 0x7f, "an id can be printed");
	if (a.outcome == LLM_CALLED)
		check_call(&a);
	llm_release(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct response r;

	if (config == NULL)
		enter(SITE);
	if (!read_input(data, size, &r))
		return 0;
	check_answer(&r, "anthropic");
	check_answer(&r, "openai");
	arena_reset(&mem);
	buf_release(&r.body);
	return 0;
}
