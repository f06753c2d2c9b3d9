#ifndef OMNI_LINT_IMPL_H
#define OMNI_LINT_IMPL_H

#include "message/lint.h"

/*
 * Shared by the files of the linter: lint.c collects and tells, lint_names.c
 * looks at what is declared and used, lint_parts.c at languages, parts and
 * WhatsApp's registration, lint_words.c at words, lint_files.c at what nothing
 * reads, lint_try.c renders.
 */
struct lint_entry {
	char *file, *text;
	size_t line, column, order;
	enum lint_severity severity;
	char excerpt[EXCERPT_MAX];
};

struct lint_list {
	struct lint_entry *list;
	size_t count;
};

struct lint {
	struct config *config;
	struct templates *templates;
	void (*found)(void *ctx, const struct lint_finding *f);
	void *ctx;
	/* Of the template at hand: */
	const struct template_set *set;
	char meta[128];		/* "NAME/meta.conf" */
	struct lint_list here;
	struct lint_list shared;	/* told before, of files in _shared */
	bool is_endless;	/* something includes itself */
};

/* Adds a finding; `line` and `column` 0 where there is none. */
void lint_add(struct lint *l, enum lint_severity severity, const char *file,
    size_t line, size_t column, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* The same, with an excerpt of `source`, the text of the file, or NULL. */
void lint_add_in(struct lint *l, enum lint_severity severity,
    const char *file, const char *source, size_t line, size_t column,
    const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/*
 * The same for an error whose text begins with its place, "FILE:LINE:COLUMN: ",
 * as far as that is known; else it is of `file`.  `before` is put in front.
 */
void lint_add_error(struct lint *l, enum lint_severity severity,
    const char *file, const struct error *e, const char *before);
/* Whether the template has an error in this file. */
bool lint_has_error(const struct lint *l, const char *file);

/*
 * Whether it has a topic, the class reminder, or no class: what has another
 * class and no topic is a greeting, or somebody's free words.
 */
bool lint_is_about_something(const struct lint *l);
/* Whether it can be sent on this type of channel, and the site has one. */
bool lint_is_sent_by(const struct lint *l, const char *type);
/* The part that becomes the text, which may be PART_TEXT; PART_MAX: none. */
enum part lint_text_part(const struct lint *l, const char *language,
    enum part part);

void lint_names(struct lint *l);
void lint_parts(struct lint *l);
void lint_try(struct lint *l);
/* Files and folders of the template that nothing reads. */
void lint_files(struct lint *l);
/* Words that stop all messages, in the parts of this language. */
void lint_stop_words(struct lint *l, const char *language);
/* The text of an SMS; `file` is the part that it was made from. */
void lint_sms(struct lint *l, const char *file, const char *text);
void lint_html(struct lint *l, const char *file, const char *text,
    const char *before);

#endif
