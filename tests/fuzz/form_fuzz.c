/*
 * Forms and queries made by chance, for libFuzzer or feed.c: what is decoded
 * can be handled as strings, and says the same when it is encoded again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/form.h"
#include "promise.h"

static struct arena mem = ARENA_INIT(16 * 1024 * 1024);

static void
check_pairs(const struct form *f)
{
	const struct form_pair *p;

	promise(f->count <= FORM_PAIRS_MAX, "not too many pairs");
	for (size_t i = 0; i < f->count; i++) {
		p = &f->pairs[i];
		promise(strlen(p->name) == p->name_len &&
		    strlen(p->value) == p->value_len, "they are strings");
		promise(form_get(f, p->name) != NULL &&
		    form_count(f, p->name) >= 1, "what is there is found");
	}
}

/* Letters, digits, some marks and %XX, as it goes into a URL. */
static void
check_encoded(const char *s, const char *marks)
{
	for (; *s != '\0'; s++)
		promise((*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'z') ||
		    (*s >= 'A' && *s <= 'Z') || strchr(marks, *s) != NULL ||
		    (*s == '%' && strspn(s + 1, "0123456789ABCDEF") >= 2),
		    "nothing that means something in a URL");
}

static void
check_again(const struct form *f)
{
	struct buf out = BUF_INIT(1024 * 1024), piece = BUF_INIT(1024 * 1024);
	struct form again;
	struct error e;

	for (size_t i = 0; i < f->count; i++) {
		form_add(&out, f->pairs[i].name, f->pairs[i].value);
		percent_encode(&piece, f->pairs[i].value);
	}
	check_encoded(buf_text(&out), "*-._+&=");
	check_encoded(buf_text(&piece), "-._~");
	promise(form_parse(&again, buf_text(&out), out.len, &mem, &e) == 0 &&
	    again.count == f->count, "as many pairs as before");
	for (size_t i = 0; i < f->count; i++)
		promise(strcmp(again.pairs[i].name, f->pairs[i].name) == 0 &&
		    strcmp(again.pairs[i].value, f->pairs[i].value) == 0,
		    "the same pairs, in their order");
	buf_release(&out);
	buf_release(&piece);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Exactly as long, so that reading past its end shows. */
	char *body = malloc(size == 0 ? 1 : size);
	struct error e = { .text = "" };
	struct form f;

	promise(body != NULL, "there is memory");
	if (size > 0)
		memcpy(body, data, size);
	if (form_parse(&f, body, size, &mem, &e) == 0) {
		check_pairs(&f);
		check_again(&f);
	} else
		promise(e.text[0] != '\0', "why it cannot be read is said");
	arena_reset(&mem);
	free(body);
	return 0;
}
