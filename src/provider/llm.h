#ifndef OMNI_LLM_H
#define OMNI_LLM_H

#include "provider/provider.h"

/*
 * A language model, asked one question with the tools that it may call: the
 * Messages of Anthropic (kind "anthropic"), and OpenAI's chat completions
 * (kind "openai"), which many servers of one's own speak.  Pure, as all of
 * src/provider.
 */
struct llm_question {
	const char *model;
	int64_t max_tokens;
	const char *rules;	/* ours alone */
	const char *user;	/* with what strangers wrote, marked off */
	/* Of {"name", "description", "schema"}; it must call one of them. */
	const struct value *tools;
};

enum llm_outcome {
	LLM_CALLED,	/* one of the tools, with an object */
	LLM_REFUSED,	/* the model would not */
	LLM_UNUSABLE,	/* an answer, or a refusal of the server's, for good */
	LLM_LATER,	/* try again */
	LLM_SETUP	/* a person must act first */
};

struct llm_answer {
	enum llm_outcome outcome;
	char why[ERROR_MAX];	/* unless it called */
	/* The same without words of the server: they may repeat a person's. */
	char reason[128];
	char tool[64];
	struct value *input;	/* the caller's, or NULL */
	int64_t input_tokens, output_tokens;	/* -1: not said */
	char request_id[80];	/* or "" */
	bool lost;		/* it may have answered, and be paid for it */
	int64_t wait;		/* seconds, as the server asks; 0: not said */
};

/* For wire_open(); NULL: there is no such kind. */
const struct provider *llm_provider(const char *kind);

/* -1 and EX_CONFIG where the section is not right. */
int llm_build(struct config *c, const char *provider,
    const struct llm_question *q, const struct credentials *who,
    struct request *out, struct error *e);
void llm_read(const char *kind, const struct response *r,
    struct llm_answer *out);
void llm_release(struct llm_answer *a);

#endif
