#include "preview_html.h"

#include <string.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "base/embed.h"
#include "base/unicode.h"
#include "base/zone.h"

EMBED(preview_css, "share/preview/page.css");
extern const char preview_css[];

#define LANGUAGE_NAME	100

struct page {
	struct preview *preview;
	struct buf *out;
	struct arena mem;
};

/* "Spanish" for "es"; the tag itself where ICU knows no name. */
static const char *
language_name(const char *tag, char out[LANGUAGE_NAME])
{
	UChar name[LANGUAGE_NAME / 3];
	UErrorCode rc = U_ZERO_ERROR;
	int32_t n = 0;

	if (locale_is_valid(tag))
		n = uloc_getDisplayName(tag, "en", name,
		    sizeof(name) / sizeof(name[0]), &rc);
	if (n > 0 && U_SUCCESS(rc))
		u_strToUTF8(out, LANGUAGE_NAME, NULL, name, n, &rc);
	if (n <= 0 || U_FAILURE(rc))
		snprintf(out, LANGUAGE_NAME, "%.36s", tag);
	return out;
}

static void
put_refusal(struct buf *out, const char *code, const struct error *e)
{
	buf_str(out, "<div class=\"refusal\" role=\"note\"><p><strong>Refused:"
	    "</strong> <code>");
	page_string(out, code);
	buf_str(out, "</code>: ");
	page_string(out, e->text);
	buf_str(out, "</p>\n");
	if (e->excerpt[0] != '\0') {
		buf_str(out, "<pre>");
		page_string(out, e->excerpt);
		buf_str(out, "</pre>\n");
	}
	buf_str(out, "</div>\n");
}

static void
put_about(struct page *p, const struct preview_template *t)
{
	const struct meta *m = t->set->meta;
	bool sendable = m->active && (!m->requires_approval || m->approved);

	buf_printf(p->out, "<p class=\"about\">%s", sendable ? "" :
	    "<span class=\"note\">");
	page_string(p->out, preview_state(t, &p->mem));
	buf_printf(p->out, "%s; as if it were <time>", sendable ? "" :
	    "</span>");
	page_string(p->out, t->moment);
	buf_str(p->out, "</time> in ");
	page_string(p->out, t->zone);
	buf_str(p->out, "; not real: ");
	page_string(p->out, t->stand_ins);
	buf_str(p->out, "</p>\n");
}

static void
begin(void *ctx, const struct preview_template *t)
{
	struct page *p = ctx;
	const char *title = t->set == NULL ? NULL : t->set->meta->title;

	buf_printf(p->out, "<section class=\"template\" id=\"%s\" "
	    "aria-labelledby=\"%s.title\">\n<h2 id=\"%s.title\">", t->name,
	    t->name, t->name);
	if (title != NULL) {
		buf_str(p->out, "<span lang=\"");
		page_language(p->out, config_string(p->preview->config,
		    "site", NULL, "language"));
		buf_str(p->out, "\">");
		page_string(p->out, title);
		buf_str(p->out, "</span> ");
	}
	buf_printf(p->out, "<code class=\"name\">%s</code></h2>\n", t->name);
	if (t->moment != NULL)
		put_about(p, t);
	else if (t->set == NULL)
		put_refusal(p->out, "bad_template", &t->why);
	else
		for (size_t i = 0; i < t->set->faults.count; i++)
			put_refusal(p->out, "bad_template",
			    &t->set->faults.list[i].error);
}

static void
language(void *ctx, const struct preview_template *t, const char *tag)
{
	struct page *p = ctx;
	char name[LANGUAGE_NAME];

	buf_printf(p->out, "<section class=\"language\" "
	    "aria-labelledby=\"%s.%s\">\n<h3 id=\"%s.%s\">", t->name, tag,
	    t->name, tag);
	page_string(p->out, language_name(tag, name));
	buf_printf(p->out, " <code class=\"name\">%s</code></h3>\n"
	    "<div class=\"channels\">\n", tag);
}

static void
end_language(void *ctx, const struct preview_template *t)
{
	struct page *p = ctx;

	(void)t;
	buf_str(p->out, "</div>\n</section>\n");
}

static void
end(void *ctx, const struct preview_template *t)
{
	struct page *p = ctx;

	(void)t;
	buf_str(p->out, "</section>\n");
	arena_reset(&p->mem);
}

static void
put_facts(struct buf *out, const struct preview_fact *f)
{
	if (f == NULL)
		return;
	buf_str(out, "<dl class=\"facts\">\n");
	for (; f != NULL; f = f->next) {
		buf_printf(out, "<dt%s>", f->block ? " class=\"block\"" : "");
		page_string(out, f->label);
		buf_str(out, f->block ? "</dt><dd class=\"block\"><pre>" :
		    "</dt><dd>");
		page_string(out, f->text);
		buf_str(out, f->block ? "</pre></dd>\n" : "</dd>\n");
	}
	buf_str(out, "</dl>\n");
}

static const char *
channel_title(const char *type)
{
	static const char *const titles[][2] = { { "email", "Mail" },
	    { "sms", "SMS" }, { "whatsapp", "WhatsApp" },
	    { "voice", "Voice" }, { "push", "Push" } };

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (strcmp(type, titles[i][0]) == 0)
			return titles[i][1];
	return type;
}

static void
message(void *ctx, const struct preview_message *m)
{
	struct page *p = ctx;

	buf_printf(p->out, "<article class=\"channel %s\" "
	    "aria-labelledby=\"%s.%s.%s\">\n<h4 id=\"%s.%s.%s\">%s</h4>\n",
	    m->channel, m->of->name, m->language, m->channel, m->of->name,
	    m->language, m->channel, channel_title(m->channel));
	if (m->refusal != NULL)
		put_refusal(p->out, m->code, m->refusal);
	if (m->used != NULL && record_string(m->record, "text") != NULL)
		page_picture(p->out, m);
	put_facts(p->out, m->facts);
	buf_str(p->out, "</article>\n");
}

/*
 * Nothing may be fetched and nothing may run, here or in a mail, which takes
 * this policy over; styles alone are needed, and pictures within the mail.
 */
static void
put_head(struct page *p, const char *const *names)
{
	buf_str(p->out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\" />\n"
	    "<meta http-equiv=\"Content-Security-Policy\" content=\""
	    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
	    "base-uri 'none'; form-action 'none'\" />\n"
	    "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\" />\n"
	    "<meta name=\"color-scheme\" content=\"light dark\" />\n"
	    "<meta name=\"referrer\" content=\"no-referrer\" />\n"
	    "<meta name=\"robots\" content=\"noindex\" />\n<title>");
	if (names[0] != NULL && names[1] == NULL) {
		page_string(p->out, names[0]);
		buf_str(p->out, ": ");
	}
	buf_str(p->out, "preview of messages</title>\n<style>\n");
	buf_str(p->out, preview_css);
	buf_str(p->out, "</style>\n</head>\n");
}

static void
put_top(struct page *p)
{
	buf_str(p->out, "<body>\n<a class=\"skip\" href=\"#messages\">To the "
	    "messages</a>\n<header class=\"top\">\n<h1>Preview of messages, ");
	page_string(p->out, preview_site_name(p->preview));
	buf_printf(p->out, "</h1>\n<p>Made by omni-render as it makes those "
	    "that are sent, with %s. Nobody got any of them.</p>\n</header>\n",
	    p->preview->data != NULL ? "the values it was given" :
	    "the examples of the templates");
}

static void
put_navigation(struct page *p, const char *const *names)
{
	if (names[0] == NULL || names[1] == NULL)
		return;
	buf_str(p->out, "<nav aria-label=\"Templates\"><ul>\n");
	for (; *names != NULL; names++) {
		buf_str(p->out, "<li><a href=\"#");
		page_string(p->out, *names);
		buf_str(p->out, "\">");
		page_string(p->out, *names);
		buf_str(p->out, "</a></li>\n");
	}
	buf_str(p->out, "</ul></nav>\n");
}

void
preview_html(struct preview *p, const char *const *names, struct buf *out)
{
	struct page page = { .preview = p, .out = out,
	    .mem = ARENA_INIT(PREVIEW_MAX) };
	struct preview_writer w = { .begin = begin, .language = language,
	    .message = message, .end_language = end_language, .end = end,
	    .ctx = &page };

	put_head(&page, names);
	put_top(&page);
	put_navigation(&page, names);
	buf_str(out, "<main id=\"messages\">\n");
	preview_walk(p, names, &w);
	buf_str(out, "</main>\n<footer class=\"bottom\"><p>omni-render "
	    OMNI_VERSION "; omni-render(1) explains what is here.</p>"
	    "</footer>\n</body>\n</html>\n");
	arena_release(&page.mem);
}
