/* omni-render - what a person will read */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/confined.h"
#include "base/io.h"
#include "base/output.h"
#include "base/program.h"
#include "message/lint.h"
#include "message/preview.h"
#include "message/render.h"
#include "message/trial.h"

enum task { TASK_RENDER, TASK_TRY, TASK_PREVIEW, TASK_CHECK };

#define OPTION_TRY	256
#define OPTION_PREVIEW	257
#define OPTION_DATA	258
#define OPTION_LANGUAGE	259
#define OPTION_HTML	260
#define OPTION_CHECK	261

/* What the command line asks for. */
struct choices {
	enum task task;
	bool conflict;		/* two tasks */
	/* Of a preview, or NULL: */
	const char *data, *language, *html;
};

static const struct option longs[] = {
	{ "try", no_argument, NULL, OPTION_TRY },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "preview", no_argument, NULL, OPTION_PREVIEW },
	{ "data", required_argument, NULL, OPTION_DATA },
	{ "language", required_argument, NULL, OPTION_LANGUAGE },
	{ "html", required_argument, NULL, OPTION_HTML },
	{ .name = NULL }
};

static void
set_task(struct choices *got, enum task task)
{
	got->conflict = got->conflict || (got->task != TASK_RENDER &&
	    got->task != task);
	got->task = task;
}

static void
option(int ch, const char *arg, void *ctx)
{
	struct choices *got = ctx;

	switch (ch) {
	case OPTION_TRY:
		set_task(got, TASK_TRY);
		break;
	case OPTION_CHECK:
		set_task(got, TASK_CHECK);
		break;
	case OPTION_PREVIEW:
		set_task(got, TASK_PREVIEW);
		break;
	case OPTION_DATA:
		got->data = arg;
		break;
	case OPTION_LANGUAGE:
		got->language = arg;
		break;
	case OPTION_HTML:
		got->html = arg;
		break;
	}
}

static bool
is_usage(const struct program *p, const struct choices *got)
{
	bool preview = got->task == TASK_PREVIEW;

	if (got->conflict || (!preview && (got->data != NULL ||
	    got->language != NULL || got->html != NULL ||
	    (p->argc > 0 && got->task != TASK_CHECK))))
		return false;
	/* Nothing to do at all. */
	if (preview && p->quiet && got->html != NULL &&
	    strcmp(got->html, "-") == 0)
		return false;
	return got->language == NULL || language_is_tag(got->language);
}

static int
render(struct program *p)
{
	struct renderer renderer = { .config = p->config };
	struct filter f = { .stage = "render", .each = render_record,
	    .ctx = &renderer, .quiet = p->quiet };
	struct error e;
	int rc;

	if (links_init(&renderer.links, p->config, &e) == -1)
		die(e.status, "%s", e.text);
	renderer.site = render_site(p->config);
	renderer.templates = templates_new(p->config);
	if (templates_check(renderer.templates, &e) == -1)
		die(e.status, "%s", e.text);
	confined_filter(p->config, CONFINED_TEXTS);
	rc = filter_run(&f);
	templates_free(renderer.templates);
	value_free(renderer.site);
	links_release(&renderer.links);
	return rc;
}

static int
try(struct program *p)
{
	struct filter f = { .stage = "render", .each = trial_record,
	    .ctx = p->config, .quiet = p->quiet };

	confined_filter(p->config, CONFINED_TEXTS);
	return filter_run(&f);
}

/* Those of the command line, or all there are. */
static const char *const *
wanted_names(struct templates *t, const struct program *p)
{
	const char *const *names = (const char *const *)p->argv;
	struct error e;

	if (templates_check(t, &e) == -1)
		die(e.status, "%s", e.text);
	if (p->argc == 0)
		names = templates_names(t, &e);
	if (names == NULL)
		die(e.status, "%s", e.text);
	if (*names == NULL)
		die(EX_CONFIG, "[paths] templates: there are none");
	return names;
}

/* Preview */

static const char *const *
preview_names(struct preview *p, const struct program *program)
{
	const char *const *names = wanted_names(p->templates, program);
	struct error e;

	/* A name that is wrong must not stand between a hundred messages. */
	for (const char *const *name = names;
	    program->argc > 0 && *name != NULL; name++)
		if (templates_inspect(p->templates, *name, &e) == NULL)
			die(e.status == EX_CONFIG ? EX_DATAERR : e.status,
			    "%s", e.text);
	return names;
}

/* To be freed. */
static struct value *
read_data(const char *file)
{
	struct buf text = BUF_INIT(RECORD_MAX);
	struct value *data;
	struct error e;
	int rc;

	if (strcmp(file, "-") == 0)
		rc = io_read_fd(STDIN_FILENO, "stdin", &text, &e);
	else
		rc = io_read_file(AT_FDCWD, file, &text, &e);
	if (rc == -1)
		die(e.status == EX_DATAERR ? EX_DATAERR : EX_NOINPUT, "%s",
		    e.text);
	data = value_parse(buf_text(&text), text.len, &e);
	if (data == NULL)
		die(EX_DATAERR, "%s: %s", file, e.text);
	if (value_type(data) != VALUE_OBJECT)
		die(EX_DATAERR, "%s: not an object of variables", file);
	buf_release(&text);
	return data;
}

static void
show(struct preview *p, const char *const *names, const char *html,
    bool quiet)
{
	struct buf out = BUF_INIT(PREVIEW_MAX);
	struct error e;

	if (html == NULL)
		preview_text(p, names, &out);
	else
		preview_html(p, names, &out);
	if (out.full)
		die(EX_SOFTWARE, "the preview has more than %d bytes",
		    PREVIEW_MAX);
	if (html != NULL && strcmp(html, "-") != 0) {
		if (io_replace(html, &out, &e) == -1)
			die(e.status, "%s", e.text);
	} else if (!quiet) {
		/* output_put() adds the last newline again. */
		out.data[--out.len] = '\0';
		output_put(&out);
		output_flush();
	}
	buf_release(&out);
}

static int
preview(struct program *p, const struct choices *got)
{
	struct preview view = { .config = p->config,
	    .language = got->language, .width = output_columns() };
	struct value *data = NULL;
	const char *const *names;

	view.templates = templates_new(p->config);
	names = preview_names(&view, p);
	if (got->data != NULL)
		data = read_data(got->data);
	view.data = data;
	/* A page is a file that is made. */
	if (got->html == NULL || strcmp(got->html, "-") == 0)
		confined_filter(p->config, CONFINED_TEXTS);
	show(&view, names, got->html, p->quiet);
	if (view.refused > 0 && (p->quiet || got->html != NULL))
		diag("%zu would be refused", view.refused);
	templates_free(view.templates);
	value_free(data);
	return view.refused > 0 ? EX_REFUSED : EX_OK;
}

/* Check */

struct tally {
	bool quiet;
	size_t errors;
};

/* "FILE:LINE:COLUMN: error: text", and the excerpt below it. */
static void
put_finding(void *ctx, const struct lint_finding *f)
{
	char file[4 * ERROR_MAX], text[4 * LINT_TEXT_MAX];
	struct buf line = BUF_INIT(sizeof(file) + sizeof(text) + EXCERPT_MAX +
	    64);
	struct tally *t = ctx;

	t->errors += f->severity == LINT_ERROR;
	if (t->quiet)
		return;
	buf_str(&line, text_escape(file, sizeof(file), f->file,
	    strlen(f->file)));
	if (f->line > 0)
		buf_printf(&line, ":%zu", f->line);
	if (f->column > 0)
		buf_printf(&line, ":%zu", f->column);
	buf_printf(&line, ": %s: %s\n%s", f->severity == LINT_ERROR ?
	    "error" : "warning", text_escape(text, sizeof(text), f->text,
	    strlen(f->text)), f->excerpt);
	/* output_put() adds the last newline again. */
	line.data[--line.len] = '\0';
	output_put(&line);
	output_flush();
	buf_release(&line);
}

static int
check(struct program *p)
{
	struct templates *templates = templates_new(p->config);
	struct tally tally = { .quiet = p->quiet };
	const char *const *names = wanted_names(templates, p);
	bool unknown = false;
	struct lint *l;
	struct error e;

	confined_filter(p->config, CONFINED_TEXTS);
	l = lint_new(p->config, templates, put_finding, &tally);
	for (; *names != NULL; names++)
		if (lint_template(l, *names, &e) == -1) {
			diag("%s", e.text);
			unknown = true;
		}
	lint_free(l);
	templates_free(templates);
	if (unknown)
		return EX_DATAERR;
	return tally.errors > 0 ? EX_REFUSED : EX_OK;
}

int
main(int argc, char *argv[])
{
	struct choices got = { .task = TASK_RENDER };
	struct program p = { .usage = "[--try] <records >records\n"
	    "       omni-render [-q] [-c file] [-o section.key=value] "
	    "--check [name ...]\n"
	    "       omni-render [-q] [-c file] [-o section.key=value] "
	    "--preview\n"
	    "           [--data file] [--language tag] [--html file] "
	    "[name ...]",
	    .help = "  --try                 each line brings a template and "
	    "data\n"
	    "  --check               find what is wrong with templates\n"
	    "  --preview             show templates with their examples\n"
	    "  --data file           these values in the place of examples\n"
	    "  --language tag        as a reader of this language gets them\n"
	    "  --html file           write a page; - is standard output\n",
	    .longs = longs, .option = option, .ctx = &got,
	    .takes_arguments = true };
	int rc;

	program_start(&p, argc, argv);
	if (!is_usage(&p, &got))
		program_usage(&p);
	switch (got.task) {
	case TASK_TRY:
		rc = try(&p);
		break;
	case TASK_CHECK:
		rc = check(&p);
		break;
	case TASK_PREVIEW:
		rc = preview(&p, &got);
		break;
	default:
		rc = render(&p);
	}
	program_end(&p);
	return rc;
}
