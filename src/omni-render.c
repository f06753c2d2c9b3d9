/* omni-render - what a person will read */

#include "base/program.h"
#include "message/render.h"

int
main(int argc, char *argv[])
{
	struct program p = { .usage = "<records >records", .help = "" };
	struct renderer renderer;
	struct filter f = { .stage = "render", .each = render_record,
	    .ctx = &renderer };
	struct error e;
	int rc;

	program_start(&p, argc, argv);
	renderer.config = p.config;
	renderer.site = render_site(p.config);
	renderer.templates = templates_new(config_path(p.config, "paths",
	    NULL, "templates"), config_string(p.config, "site", NULL,
	    "language"));
	if (templates_check(renderer.templates, &e) == -1)
		die(e.status, "%s", e.text);
	f.quiet = p.quiet;
	rc = filter_run(&f);
	templates_free(renderer.templates);
	value_free(renderer.site);
	program_end(&p);
	return rc;
}
