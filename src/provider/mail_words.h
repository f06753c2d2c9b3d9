#ifndef OMNI_MAIL_WORDS_H
#define OMNI_MAIL_WORDS_H

#include <stdbool.h>

/* Codes, and phrases that stand for one, in what a mail server wrote. */
struct mail_code {
	char text[16];		/* "5.1.1", "550" */
};

/* The first enhanced status code (RFC 3463), which nothing but 2, 4, 5 begins. */
bool mail_words_enhanced(const char *text, struct mail_code *out);
/* "5.1.1", as a table of well-known phrases has it. */
bool mail_words_meaning(const char *text, struct mail_code *out);
/* The first basic code, 4yz or 5yz, where a reply of SMTP could begin. */
bool mail_words_basic(const char *text, struct mail_code *out);

/* "could not be delivered", in languages that come up. */
bool mail_words_is_failure(const char *text);
/* "will try again" */
bool mail_words_is_delay(const char *text);
/* "Respuesta automática: ..." */
bool mail_words_is_absence(const char *subject);

#endif
