/*
 * A template's folder under inputs made by chance, for libFuzzer or feed.c:
 * meta.conf, the parts that go with it, and what becomes of them at WhatsApp.
 *
 * An input is a text in parts that lines of "%%" divide: the files of the
 * template "t", in the order of `files`, and the variables of a record.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"
#include "message/render.h"
#include "message/variables.h"
#include "message/whatsapp.h"
#include "promise.h"

static const char *const files[] = { "t/meta.conf", "t/es/whatsapp",
	"t/es/text", "t/en/whatsapp", "_shared/x" };
#define FILES	(sizeof(files) / sizeof(files[0]))

static char home[] = "/tmp/omni-fuzz-XXXXXX";
static struct config *config;
static int dir;		/* of the templates */

static void
write_file(const char *path, const char *s, size_t len)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	promise(fd != -1 && io_write_all(fd, s, len) == 0 && close(fd) == 0,
	    "files can be written");
}

static void
leave_home(void)
{
	for (size_t i = 0; i < FILES; i++)
		unlinkat(dir, files[i], 0);
	unlinkat(dir, "t/es", AT_REMOVEDIR);
	unlinkat(dir, "t/en", AT_REMOVEDIR);
	unlinkat(dir, "t", AT_REMOVEDIR);
	unlinkat(dir, "_shared", AT_REMOVEDIR);
	unlinkat(dir, "omni.conf", 0);
	rmdir(home);
	config_free(config);
}

static void
enter_home(void)
{
	static const char text[] = "[paths]\ntemplates = .\n"
	    "[topic grooming]\nclass = reminder\n";
	char path[sizeof(home) + 16];
	struct error e;

	promise(mkdtemp(home) != NULL, "there is a place for files");
	snprintf(path, sizeof(path), "%s/t/es", home);
	promise(io_make_dirs(path, 0700, &e) == 0, "folders can be made");
	snprintf(path, sizeof(path), "%s/t/en", home);
	promise(io_make_dirs(path, 0700, &e) == 0, "folders can be made");
	snprintf(path, sizeof(path), "%s/_shared", home);
	promise(io_make_dirs(path, 0700, &e) == 0, "folders can be made");
	dir = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	write_file("omni.conf", text, sizeof(text) - 1);
	snprintf(path, sizeof(path), "%s/omni.conf", home);
	config = config_load(path, NULL, 0, &e);
	promise(config != NULL, "the configuration is good");
	atexit(leave_home);
}

/* Returns the variables, to be freed; NULL when they are not JSON. */
static struct value *
write_files(const char *s, size_t len)
{
	static const char line[] = "\n%%\n";
	const char *end = s + len, *at;
	struct error ignored;

	for (size_t i = 0; i < FILES; i++) {
		at = len == 0 ? NULL : memmem(s, (size_t)(end - s), line,
		    sizeof(line) - 1);
		write_file(files[i], s, (size_t)((at == NULL ? end : at) - s));
		s = at == NULL ? end : at + sizeof(line) - 1;
		len = (size_t)(end - s);
	}
	return value_parse(s, len, &ignored);
}

static void
check_faults(const struct faults *f)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct fault *one = &f->list[i];

		promise(strncmp(one->error.text, one->file,
		    strlen(one->file)) == 0, "a fault begins with its file");
	}
}

/* What can be registered fits. */
static void
check_registration(const struct template_set *set, const char *language)
{
	struct buf out = BUF_INIT(64 * 1024);
	struct error e;

	if (whatsapp_meta_text(set, language, &out, &e) == 0) {
		promise(out.len > 0 && out.len <= 4 * WHATSAPP_BODY_MAX,
		    "the text has its length");
		promise(utf8_valid(buf_text(&out), out.len),
		    "the text is UTF-8");
	} else
		promise(e.text[0] != '\0', "why it cannot be is said");
	buf_clear(&out);
	if (whatsapp_meta_header(set, language, &out, &e) == 0)
		promise(out.len <= 4 * WHATSAPP_HEADER_MAX,
		    "the header has its length");
	buf_release(&out);
}

/* What a message of the template would be, rendered as a record's is. */
static void
send(struct templates *all, const struct template_set *set,
    const struct value *vars, const char *language)
{
	static const char line[] = "{\"id\":\"m1\"}";
	struct buf out = BUF_INIT(64 * 1024);
	struct template_env env = { .scopes = &vars, .scope_count = 1,
	    .timezone = "America/Mexico_City", .currency = "MXN" };
	struct record r = RECORD_INIT;
	struct whatsapp_message m = { .record = &r, .set = set, .env = &env };
	const struct template *t;
	struct misfit why = { .code = NULL };
	struct value *content = NULL;
	struct error e;

	promise(record_parse(&r, line, sizeof(line) - 1, &e) == 0,
	    "the record is one");
	t = templates_part(all, set, language, PART_WHATSAPP, true,
	    &m.language);
	env.language = m.language;
	if (t != NULL)
		env.loader = templates_loader(set, m.language);
	if (t != NULL && render_part(t, &env, PART_WHATSAPP, &out,
	    &why) == 0) {
		m.text = buf_text(&out);
		content = whatsapp_content(&m, &why);
	}
	promise(t == NULL || content != NULL || why.code != NULL,
	    "a misfit has a code");
	value_free(content);
	buf_release(&out);
	record_release(&r);
}

static void
check_set(struct templates *all, const struct template_set *set,
    const struct value *data)
{
	struct value *vars;
	struct misfit why;

	check_faults(&set->faults);
	check_registration(set, "es");
	check_registration(set, "en");
	if (set->faults.count > 0)
		return;
	vars = variables_fill(set, data, &why);
	if (vars == NULL)
		return;
	send(all, set, vars, "es-MX");
	send(all, set, vars, "en");
	value_free(vars);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct template_set *set;
	struct templates *all;
	struct value *vars;
	struct error e;

	if (config == NULL)
		enter_home();
	vars = write_files((const char *)data, size);
	all = templates_new(config);
	set = templates_inspect(all, "t", &e);
	promise(set != NULL, "a folder with a meta.conf is a template");
	check_set(all, set, vars);
	templates_free(all);
	value_free(vars);
	return 0;
}
