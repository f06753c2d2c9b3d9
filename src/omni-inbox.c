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

enum option_letter { OPT_ANYWAY = 'A', OPT_CHANNEL = 'C', OPT_FLAG = 'F',
	OPT_LAST = 'L', OPT_NOW = 'W', OPT_SUBJECT = 'S', OPT_TAG = 'G',
	OPT_TEMPLATE = 'T', OPT_VAR = 'V', OPT_ASSIGNEE = 'U', OPT_ID = 'I',
	OPT_BEFORE = 'B' };

static struct {
	struct inbox inbox;
	struct inbox_choice choice;
	struct inbox_reply reply;
	struct value *vars;
	bool json, quiet;
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

/* Takes the value: as JSON, an array with one line for each, or for people. */
static int
print_take(struct value *v, void (*text)(const struct config *,
    const struct value *, struct buf *))
{
	bool list = value_type(v) == VALUE_ARRAY;
	struct buf out = BUF_INIT(64 * 1024 * 1024);

	for (size_t i = 0; own.json && !own.quiet && i < (list ? value_count(v) : 1); i++) {
		buf_clear(&out);
		value_write(list ? value_at(v, i) : v, &out);
		output_put(&out);
	}
	if (!own.json && !own.quiet) {
		text(own.inbox.config, v, &out);
		if (out.len > 0) {
			out.len--;	/* output_put() adds the last one */
			output_put(&out);
		}
	}
	buf_release(&out);
	value_free(v);
	return EX_OK;
}

static int
do_list(char **words, int count)
{
	if (count == 1 && !inbox_kind_read(words[0], &own.choice.kind))
		die(EX_USAGE, "list %s: none of open, unread, mine, all",
		    words[0]);
	return print_take(inbox_list(&own.inbox, &own.choice),
	    inbox_print_list);
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
do_read(char **words, int count)
{
	for (int i = 0; i < count; i++)
		inbox_read(&own.inbox, find(words[i]), own.reply.last);
	return EX_OK;
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

/* "-" takes away. */
static int
set_or_not(char **words, const char *member)
{
	return set(words[0], member, strcmp(words[1], "-") == 0 ? NULL :
	    words[1]);
}

static int
do_assign(char **words, int count)
{
	(void)count;
	return set_or_not(words, "assignee");
}

static int
do_own(char **words, int count)
{
	(void)count;
	return set_or_not(words, "owner");
}

static int
do_subject(char **words, int count)
{
	(void)count;
	return set_or_not(words, "subject");
}

static int
do_about(char **words, int count)
{
	(void)count;
	return set_or_not(words, "related");
}

static int
do_priority(char **words, int count)
{
	(void)count;
	return set(words[0], "priority", words[1]);
}

static int
set_each(char **words, int count, const char *status)
{
	int rc = EX_OK;

	for (int i = 0; i < count; i++)
		if (set(words[i], "status", status) != EX_OK)
			rc = EX_REFUSED;
	return rc;
}

static int
do_close(char **words, int count)
{
	return set_each(words, count, "resolved");
}

static int
do_archive(char **words, int count)
{
	return set_each(words, count, "archived");
}

static int
do_reopen(char **words, int count)
{
	return set_each(words, count, "active");
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

static int
do_resolve(char **words, int count)
{
	int rc = EX_OK;
	struct error e;

	for (int i = 0; i < count; i++)
		if (inbox_resolve(&own.inbox, words[i], &e) == -1) {
			diag("%s", e.text);
			rc = EX_REFUSED;
		}
	return rc;
}

/* The words of the command line, or what comes on standard input. */
static const char *
text_of(char **words, int count)
{
	struct buf text = BUF_INIT(RECORD_MAX);
	struct error e;

	for (int i = 0; i < count; i++)
		buf_printf(&text, "%s%s", i == 0 ? "" : " ", words[i]);
	if (count == 0 && own.reply.template == NULL) {
		if (isatty(STDIN_FILENO))
			diag("write the answer, and end it with Ctrl-D");
		if (io_read_fd(STDIN_FILENO, "standard input", &text, &e) ==
		    -1)
			die(e.status, "%s", e.text);
		if (text.full)
			die(EX_DATAERR, "standard input: too long");
		while (text.len > 0 && strchr("\r\n", text.data[text.len -
		    1]) != NULL)
			text.data[--text.len] = '\0';
	}
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

static const struct command {
	const char *name;
	int (*run)(char **words, int count);
	int least, most;	/* words; -1: any number */
	bool writes;
	const char *options;
} commands[] = {
	{ "list", do_list, 0, 1, false, "jlGFUB" },
	{ "show", do_show, 1, 1, false, "jl" },
	{ "search", do_search, 1, -1, false, "jl" },
	{ "read", do_read, 1, -1, true, "L" },
	{ "reply", do_reply, 1, -1, true, "jnACWTVSLI" },
	{ "assign", do_assign, 2, 2, true, "" },
	{ "own", do_own, 2, 2, true, "" },
	{ "subject", do_subject, 2, 2, true, "" },
	{ "about", do_about, 2, 2, true, "" },
	{ "priority", do_priority, 2, 2, true, "" },
	{ "tag", do_tag, 2, -1, true, "" },
	{ "untag", do_untag, 2, -1, true, "" },
	{ "close", do_close, 1, -1, true, "" },
	{ "archive", do_archive, 1, -1, true, "" },
	{ "reopen", do_reopen, 1, -1, true, "" },
	{ "resolve", do_resolve, 1, -1, true, "" }
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
		    "all] |\n"
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
		    "       resolve flag ...",
		.help = "  -j                    JSON\n"
		    "  -l number             so many at most\n"
		    "  -n                    show the answer; send nothing\n"
		    "  --now                 in quiet hours too, to who has "
		    "just written\n"
		    "  --anyway              although a colleague has "
		    "answered\n",
		.letters = "jl:n", .longs = longs, .option = option,
		.takes_arguments = true
	};
	struct arena mem = ARENA_INIT((size_t)256 * 1024 * 1024);
	const struct command *k;
	int rc;

	program_start(&p, argc, argv);
	k = find_command(&p);
	own.quiet = p.quiet;
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
