/*
 * omni-send-mail --check under mails made by chance, for libFuzzer or feed.c:
 * lines of "%%" divide subject, text, HTML, the sender, and the message as it
 * goes out.  What is found has a field, a code and words.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/mailcheck.h"

#define PARTS	5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_found(void *ctx, const struct mail_finding *f)
{
	size_t *count = ctx;

	if (f->field[0] == '\0' || f->code[0] == '\0' || f->text[0] == '\0' ||
	    ++*count > 200) {
		fprintf(stderr, "promise broken: %s\n", f->code);
		abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1), *parts[PARTS] = { NULL }, *p;
	struct mail_content m = { .class = "reminder", .can_opt_out = true };
	size_t count = 0;
	const struct mail_report report = { on_found, &count };

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	copy[size] = '\0';
	p = copy;
	for (size_t i = 0; i < PARTS && p != NULL; i++) {
		parts[i] = p;
		p = strstr(p, "\n%%\n");
		if (p != NULL) {
			*p = '\0';
			p += 4;
		}
	}
	m.subject = parts[0];
	m.text = parts[1];
	m.html = parts[2];
	m.to_name = parts[3];
	m.message = parts[4];
	m.len = m.message == NULL ? 0 : strlen(m.message);
	mail_check(&m, &report);
	if (parts[3] != NULL)
		mail_check_sender(parts[3], parts[0], &report);
	free(copy);
	return 0;
}
