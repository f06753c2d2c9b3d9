/* omni-render - what a person will read */

#include <getopt.h>

#include "base/program.h"
#include "message/render.h"
#include "message/trial.h"

enum task { TASK_RENDER, TASK_TRY };

#define OPTION_TRY	256

static const struct option longs[] = {
	{ "try", no_argument, NULL, OPTION_TRY },
	{ .name = NULL }
};

static void
option(int ch, const char *arg, void *ctx)
{
	enum task *task = ctx;

	(void)arg;
	if (ch == OPTION_TRY)
		*task = TASK_TRY;
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

	return filter_run(&f);
}

int
main(int argc, char *argv[])
{
	enum task task = TASK_RENDER;
	struct program p = { .usage = "[--try] <records >records",
	    .help = "  --try                 each line brings a template and "
	    "data\n", .longs = longs, .option = option, .ctx = &task };
	int rc;

	program_start(&p, argc, argv);
	rc = task == TASK_TRY ? try(&p) : render(&p);
	program_end(&p);
	return rc;
}
