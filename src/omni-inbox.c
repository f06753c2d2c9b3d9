/* omni-inbox - the conversations of all channels, for staff at a terminal */

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/output.h"
#include "base/program.h"
#include "base/who.h"
#include "message/inbox.h"
#include "message/inbox_print.h"

#define SHOWN		30	/* messages of a conversation */
#define OUTPUT_MAX	(64 * 1024 * 1024)

enum option_letter { OPT_ANYWAY = 'A', OPT_CHANNEL = 'C', OPT_FLAG = 'F',
	OPT_LAST = 'L', OPT_NOW = 'W', OPT_SUBJECT = 'S', OPT_TAG = 'G',
	OPT_TEMPLATE = 'T', OPT_VAR = 'V', OPT_ASSIGNEE = 'U', OPT_ID = 'I',
	OPT_BEFORE = 'B' };

struct command {
	const char *name;
	int (*run)(char **words, int count);
	int least, most;	/* words; -1: any number */
	bool writes;
	const char *options;
	const char *member;	/* what it sets */
};

static struct {
	struct inbox inbox;
	struct inbox_view view;
	struct inbox_choice choice;
	struct inbox_reply reply;
	struct value *vars;
	bool json, quiet;
	const struct command *command;
	char given[24];		/* the letters of the options, as they came */
} own;

static size_t
number(const char *arg)
{
	char *end;
	long n = strtol(arg, &end, 10);

	if (end == arg || *end != '\0' || n < 1 || n > INBOX_PAGE_MAX)
		die(EX_USAGE, "-l %s: not a number from 1 to %d", arg,
		    INBOX_PAGE_MAX);
	return (size_t)n;
}

static void
add_var(const char *arg)
{
	const char *equals = strchr(arg, '=');
	char *name;

	if (equals == NULL || equals == arg)
		die(EX_USAGE, "--var %s: not name=value", arg);
	name = strndup(arg, (size_t)(equals - arg));
	if (name == NULL)
		die(EX_OSERR, "out of memory");
	if (own.vars == NULL)
		own.vars = value_new_object();
	value_set_string(own.vars, name, equals + 1);
	free(name);
}

static void
option(int ch, const char *arg, void *ctx)
{
	size_t n = strlen(own.given);

	(void)ctx;
	if (strchr(own.given, ch) == NULL && n < sizeof(own.given) - 1)
		own.given[n] = (char)ch;
	switch (ch) {
	case 'j':
		own.json = true;
		break;
	case 'n':
		own.reply.dry = true;
		break;
	case 'l':
		own.choice.limit = number(arg);
		break;
	case OPT_ANYWAY:
		own.reply.anyway = true;
		break;
	case OPT_NOW:
		own.reply.now = true;
		break;
	case OPT_VAR:
		add_var(arg);
		break;
	case OPT_CHANNEL:
		own.reply.channel = arg;
		break;
	case OPT_TEMPLATE:
		own.reply.template = arg;
		break;
	case OPT_SUBJECT:
		own.reply.subject = arg;
		break;
	case OPT_LAST:
		own.reply.last = arg;
		break;
	case OPT_ID:
		own.reply.id = arg;
		break;
	case OPT_TAG:
		own.choice.tag = arg;
		break;
	case OPT_FLAG:
		own.choice.flag = arg;
		break;
	case OPT_BEFORE:
		own.choice.before = arg;
		break;
	default:
		own.choice.assignee = arg;
	}
}

static const char *
find(const char *word)
{
	struct error e;
	const char *id = inbox_find(&own.inbox, word, &e);

	if (id == NULL)
		die(e.status, "%s", e.text);
	return id;
}

/* Of several words each is done that can be. */
static int
each(char **words, int count, int (*one)(const char *id, struct error *e))
{
	int rc = EX_OK;
	struct error e;
	const char *id;

	for (int i = 0; i < count; i++) {
		id = inbox_find(&own.inbox, words[i], &e);
		if (id == NULL || one(id, &e) == -1) {
			diag("%s", e.text);
			rc = e.status;
		}
	}
	return rc;
}

static void
put(const struct buf *out)
{
	if (out->full)
		die(EX_SOFTWARE, "more than %d bytes: ask for less (-l)",
		    OUTPUT_MAX);
	output_put(out);
}

/* Takes the value: as JSON, an array with one line for each, or for people. */
static int
print_take(struct value *v, void (*text)(const struct inbox_view *,
    const struct value *, struct buf *))
{
	bool list = value_type(v) == VALUE_ARRAY;
	struct buf out = BUF_INIT(OUTPUT_MAX);

	for (size_t i = 0; own.json && !own.quiet && i < (list ?
	    value_count(v) : 1); i++) {
		buf_clear(&out);
		value_write(list ? value_at(v, i) : v, &out);
		put(&out);
	}
	if (!own.json && !own.quiet) {
		text(&own.view, v, &out);
		if (out.len > 0) {
			out.len--;	/* output_put() adds the last one */
			put(&out);
		}
	}
	buf_release(&out);
	value_free(v);
	return EX_OK;
}

static int
do_held(void)
{
	const char *before = own.choice.before;

	if (own.choice.tag != NULL || own.choice.flag != NULL ||
	    own.choice.assignee != NULL)
		die(EX_USAGE, "list held: takes no --tag, --flag or "
		    "--assignee");
	if (before != NULL && before[strspn(before, "0123456789")] != '\0')
		die(EX_USAGE, "--before %s: no cursor of this list", before);
	return print_take(inbox_held(&own.inbox, before, own.choice.limit),
	    inbox_print_held);
}

static int
do_list(char **words, int count)
{
	struct inbox_choice *c = &own.choice;

	if (count == 1 && strcmp(words[0], "held") == 0)
		return do_held();
	if (count == 1 && !inbox_kind_read(words[0], &c->kind))
		die(EX_USAGE, "list %s: none of open, unread, mine, all, held",
		    words[0]);
	if (c->kind == INBOX_MINE && c->assignee != NULL)
		die(EX_USAGE, "list mine: takes no --assignee");
	if (c->before != NULL && !inbox_is_cursor(c->before))
		die(EX_USAGE, "--before %s: no cursor of this list",
		    c->before);
	return print_take(inbox_list(&own.inbox, c), inbox_print_list);
}

static int
do_show(char **words, int count)
{
	(void)count;
	return print_take(inbox_show(&own.inbox, find(words[0]),
	    own.choice.limit == 0 ? SHOWN : own.choice.limit),
	    inbox_print_one);
}

static int
do_search(char **words, int count)
{
	struct buf all = BUF_INIT(RECORD_MAX);
	struct value *v;
	struct error e;

	for (int i = 0; i < count; i++)
		buf_printf(&all, "%s ", words[i]);
	v = inbox_search(&own.inbox, buf_text(&all), own.choice.limit, &e);
	buf_release(&all);
	if (v == NULL)
		die(e.status, "%s", e.text);
	return print_take(v, inbox_print_found);
}

static int
read_one(const char *id, struct error *e)
{
	return inbox_read(&own.inbox, id, own.reply.last, e);
}

static int
do_read(char **words, int count)
{
	return each(words, count, read_one);
}

static int
set(const char *word, const char *member, const char *value)
{
	struct error e;

	if (inbox_set(&own.inbox, find(word), member, value, &e) == -1) {
		diag("%s: %s", word, e.text);
		return e.status;
	}
	return EX_OK;
}

/* assign, own, subject, about: "-" takes away. */
static int
do_set(char **words, int count)
{
	(void)count;
	return set(words[0], own.command->member, strcmp(words[1], "-") == 0 ?
	    NULL : words[1]);
}

static int
do_priority(char **words, int count)
{
	(void)count;
	return set(words[0], "priority", words[1]);
}

static int
status_one(const char *id, struct error *e)
{
	return inbox_set(&own.inbox, id, "status", own.command->member, e);
}

/* close, archive, reopen */
static int
do_status(char **words, int count)
{
	return each(words, count, status_one);
}

static int
tag(char **words, int count, char sign)
{
	const char **tags = calloc((size_t)count, sizeof(*tags));
	struct error e;
	int rc;

	if (tags == NULL)
		die(EX_OSERR, "out of memory");
	for (int i = 1; i < count; i++)
		tags[i - 1] = arena_printf(own.inbox.mem, "%c%s", sign,
		    words[i]);
	rc = inbox_tag(&own.inbox, find(words[0]), tags, (size_t)count - 1,
	    &e);
	free(tags);
	if (rc == 0)
		return EX_OK;
	diag("%s: %s", words[0], e.text);
	return e.status;
}

static int
do_tag(char **words, int count)
{
	return tag(words, count, '+');
}

static int
do_untag(char **words, int count)
{
	return tag(words, count, '-');
}

/* Flags and messages have names of their own. */
static int
each_name(char **words, int count, int (*one)(const char *id,
    struct error *e))
{
	int rc = EX_OK;
	struct error e;

	for (int i = 0; i < count; i++)
		if (one(words[i], &e) == -1) {
			diag("%s", e.text);
			rc = e.status;
		}
	return rc;
}

static int
resolve_one(const char *flag, struct error *e)
{
	return inbox_resolve(&own.inbox, flag, e);
}

static int
release_one(const char *message, struct error *e)
{
	return inbox_release(&own.inbox, message, own.reply.anyway, e);
}

static int
cancel_one(const char *message, struct error *e)
{
	return inbox_cancel(&own.inbox, message, e);
}

static int
do_resolve(char **words, int count)
{
	return each_name(words, count, resolve_one);
}

static int
do_release(char **words, int count)
{
	return each_name(words, count, release_one);
}

static int
do_cancel(char **words, int count)
{
	return each_name(words, count, cancel_one);
}

/* What comes in while one types has not been read. */
static const char *
last_of(const char *id)
{
	struct value *v = inbox_show(&own.inbox, id, 1);
	const char *last = value_get_string(v, "last");

	last = last == NULL ? NULL : arena_strdup(own.inbox.mem, last);
	value_free(v);
	return last;
}

static void
read_text(struct buf *text)
{
	struct error e;

	if (isatty(STDIN_FILENO))
		diag("write the answer, and end it with Ctrl-D");
	own.reply.seen = last_of(own.reply.conversation);
	if (io_read_fd(STDIN_FILENO, "standard input", text, &e) == -1)
		die(e.status, "%s", e.text);
	if (text->full)
		die(EX_DATAERR, "standard input: too long");
	if (text->len > 0 && memchr(text->data, '\0', text->len) != NULL)
		die(EX_DATAERR, "standard input: a NUL byte");
	while (text->len > 0 && strchr("\r\n", text->data[text->len - 1]) !=
	    NULL)
		text->data[--text->len] = '\0';
}

/* The words of the command line, or what comes on standard input. */
static const char *
text_of(char **words, int count)
{
	static struct buf text = BUF_INIT(RECORD_MAX);

	for (int i = 0; i < count; i++)
		buf_printf(&text, "%s%s", i == 0 ? "" : " ", words[i]);
	if (text.full)
		die(EX_DATAERR, "the text: too long");
	if (count == 0 && own.reply.template == NULL)
		read_text(&text);
	return count == 0 && own.reply.template != NULL ? NULL :
	    buf_text(&text);
}

/* What was typed is not lost with the refusal. */
static int
refused(const struct error *e)
{
	diag("%s", e->text);
	if (own.reply.text != NULL && isatty(STDIN_FILENO))
		diag("not sent: %s", own.reply.text);
	return e->status;
}

static int
do_reply(char **words, int count)
{
	struct value *v;
	struct error e;

	own.reply.conversation = find(words[0]);
	own.reply.text = text_of(words + 1, count - 1);
	own.reply.vars = own.vars;
	v = inbox_answer(&own.inbox, &own.reply, &e);
	if (v == NULL)
		return refused(&e);
	return print_take(v, inbox_print_sent);
}

static const struct command commands[] = {
	{ "list", do_list, 0, 1, false, "jlGFUB", NULL },
	{ "show", do_show, 1, 1, false, "jl", NULL },
	{ "search", do_search, 1, -1, false, "jl", NULL },
	{ "read", do_read, 1, -1, true, "L", NULL },
	{ "reply", do_reply, 1, -1, true, "jnACWTVSLI", NULL },
	{ "assign", do_set, 2, 2, true, "", "assignee" },
	{ "own", do_set, 2, 2, true, "", "owner" },
	{ "subject", do_set, 2, 2, true, "", "subject" },
	{ "about", do_set, 2, 2, true, "", "related" },
	{ "priority", do_priority, 2, 2, true, "", NULL },
	{ "tag", do_tag, 2, -1, true, "", NULL },
	{ "untag", do_untag, 2, -1, true, "", NULL },
	{ "close", do_status, 1, -1, true, "", "resolved" },
	{ "archive", do_status, 1, -1, true, "", "archived" },
	{ "reopen", do_status, 1, -1, true, "", "active" },
	{ "resolve", do_resolve, 1, -1, true, "", NULL },
	{ "release", do_release, 1, -1, true, "A", NULL },
	{ "cancel", do_cancel, 1, -1, true, "", NULL }
};

static const struct command *
find_command(const struct program *p)
{
	const struct command *k = commands;
	size_t n = sizeof(commands) / sizeof(commands[0]);

	for (; p->argc > 0 && k < commands + n; k++)
		if (strcmp(p->argv[0], k->name) == 0 &&
		    strspn(own.given, k->options) == strlen(own.given) &&
		    p->argc - 1 >= k->least &&
		    (k->most == -1 || p->argc - 1 <= k->most))
			return k;
	program_usage(p);
}

static struct ledger *
open_or_die(struct config *c, bool writes)
{
	struct ledger *l;
	struct error e;

	l = writes ? ledger_start(c, LEDGER_WRITE, &e) : ledger_open(
	    config_path(c, "paths", NULL, "ledger"), LEDGER_READ, &e);
	if (l == NULL)
		die(e.status, "%s", e.text);
	return l;
}

static const struct option longs[] = {
	{ "anyway", no_argument, NULL, OPT_ANYWAY },
	{ "assignee", required_argument, NULL, OPT_ASSIGNEE },
	{ "before", required_argument, NULL, OPT_BEFORE },
	{ "channel", required_argument, NULL, OPT_CHANNEL },
	{ "flag", required_argument, NULL, OPT_FLAG },
	{ "id", required_argument, NULL, OPT_ID },
	{ "last", required_argument, NULL, OPT_LAST },
	{ "now", no_argument, NULL, OPT_NOW },
	{ "subject", required_argument, NULL, OPT_SUBJECT },
	{ "tag", required_argument, NULL, OPT_TAG },
	{ "template", required_argument, NULL, OPT_TEMPLATE },
	{ "var", required_argument, NULL, OPT_VAR },
	{ NULL, 0, NULL, 0 }
};

int
main(int argc, char *argv[])
{
	struct program p = {
		.usage = "command [argument ...]\n"
		    "       list [-j] [-l number] [--tag tag] [--flag kind] "
		    "[--assignee name]\n"
		    "            [--before cursor] [open | unread | mine | "
		    "all | held] |\n"
		    "       show [-j] [-l number] id | "
		    "search [-j] [-l number] word ... |\n"
		    "       reply [-jn] [--channel channel] [--template name] "
		    "[--var name=value]\n"
		    "             [--subject text] [--last message] [--id id] "
		    "[--now] [--anyway]\n"
		    "             id [text ...] |\n"
		    "       read [--last message] id ... | "
		    "assign id name | own id name |\n"
		    "       subject id text | about id type:id | "
		    "priority id low|normal|high|urgent |\n"
		    "       tag id tag ... | untag id tag ... | close id ... | "
		    "archive id ... | reopen id ... |\n"
		    "       resolve flag ... | release [--anyway] message ... | "
		    "cancel message ...",
		.help = "  -j                    JSON\n"
		    "  -l number             so many at most\n"
		    "  -n                    show the answer; send nothing\n"
		    "  --now                 in quiet hours too, to who has "
		    "just written\n"
		    "  --anyway              although a colleague has "
		    "answered, or they\n"
		    "                        have written again\n",
		.letters = "jl:n", .longs = longs, .option = option,
		.takes_arguments = true
	};
	struct arena mem = ARENA_INIT((size_t)256 * 1024 * 1024);
	const struct command *k;
	int rc;

	program_start(&p, argc, argv);
	k = own.command = find_command(&p);
	own.quiet = p.quiet;
	own.view = (struct inbox_view){ .config = p.config,
	    .columns = output_columns() };
	if (k->writes)
		signal(SIGPIPE, SIG_IGN);
	own.inbox = (struct inbox){ .config = p.config, .author = who_asks(),
	    .mem = &mem, .ledger = open_or_die(p.config, k->writes &&
	    !own.reply.dry) };
	rc = k->run(p.argv + 1, p.argc - 1);
	ledger_close(own.inbox.ledger);
	value_free(own.vars);
	arena_release(&mem);
	program_end(&p);
	return rc;
}
