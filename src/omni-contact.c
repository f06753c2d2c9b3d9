/* omni-contact - people, their addresses, what they wish and agreed to */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "message/contact.h"
#include "message/contacts.h"
#include "message/contacts_show.h"
#include "message/inbox.h"
#include "send/lookup.h"
#include "store/spool.h"

/* Records of one transaction; who is forgotten takes longer. */
#define BATCH		500
#define BATCH_FORGET	20

static struct contacts contacts;
static struct contacts_filter chosen;
static char given[16];		/* the letters of the options, as they came */

static void
option(int ch, const char *arg, void *ctx)
{
	size_t n = strlen(given);

	(void)ctx;
	if (strchr(given, ch) == NULL && n < sizeof(given) - 1)
		given[n] = (char)ch;
	switch (ch) {
	case 'n':
		contacts.dry = true;
		break;
	case 'B':
		contacts.by = arg;
		break;
	case 'H':
		contacts.how = arg;
		break;
	case 'S':
		contacts.scope = arg;
		break;
	case 'T':
		chosen.tag = arg;
		break;
	case 'L':
		chosen.language = arg;
		break;
	case 'O':
		chosen.opted_out = true;
		break;
	default:
		chosen.unreachable = true;
	}
}

/* How the words of the command line become records. */
enum operands {
	FROM_INPUT,	/* they do not: lines on standard input only */
	EACH_ID,	/* one record for each word */
	EACH_TARGET,	/* the same, an id or else an address */
	CHANNEL,	/* ID CHANNEL[:ADDRESS] */
	PAIR,		/* FROM INTO */
	SETTINGS	/* ID KEY=VALUE ... */
};

static const struct command {
	const char *name;
	void (*each)(struct filter *f, struct record *r);
	enum operands operands;
	const char *options;	/* the letters of those that it takes */
	/* Or it reads only: */
	int (*show)(struct contacts *c, char **names, int count);
} commands[] = {
	{ "import", contacts_import, FROM_INPUT, "n", NULL },
	{ "set", contacts_set, SETTINGS, "n", NULL },
	{ "verify", contacts_verify, CHANNEL, "nB", NULL },
	{ "merge", contacts_merge, PAIR, "n", NULL },
	{ "forget", contacts_forget, EACH_ID, "n", NULL },
	{ "opt-in", contacts_opt_in, EACH_TARGET, "nBHS", NULL },
	{ "opt-out", contacts_opt_out, EACH_TARGET, "nBHS", NULL },
	{ "lookup", contacts_lookup, EACH_TARGET, "", NULL },
	{ "show", NULL, EACH_TARGET, "", contacts_show },
	{ "consent", NULL, EACH_TARGET, "", contacts_show_consent },
	{ "list", NULL, FROM_INPUT, "TLOU", NULL },
	{ "export", NULL, FROM_INPUT, "", NULL }
};

static const struct command *
find_command(const struct program *p)
{
	for (size_t i = 0; p->argc > 0 &&
	    i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(p->argv[0], commands[i].name) == 0 &&
		    strspn(given, commands[i].options) == strlen(given))
			return &commands[i];
	program_usage(p);
}

static void
add_line(struct buf *lines, struct value *v)
{
	value_write(v, lines);
	buf_char(lines, '\n');
	value_free(v);
}

static void
add_targets(const struct command *k, char **words, int count,
    struct buf *lines)
{
	struct value *v;

	for (int i = 0; i < count; i++) {
		v = value_new_object();
		value_set_string(v, "id", words[i]);
		if (k->operands == EACH_TARGET &&
		    !contact_is_known(contacts.ledger, words[i]))
			value_set_string(v, "address", words[i]);
		add_line(lines, v);
	}
}

static bool
add_settings(char **words, int count, struct buf *lines)
{
	struct value *v = value_new_object(), *set = value_new_object();
	bool good = count > 1;
	char *equals;

	value_set_string(v, "id", words[0]);
	for (int i = 1; i < count && good; i++) {
		equals = strchr(words[i], '=');
		good = equals != NULL;
		if (good) {
			*equals = '\0';
			value_set_string(set, words[i], equals + 1);
		}
	}
	value_set_take(v, "set", set);
	add_line(lines, v);
	return good;
}

/* The words behind the command as the lines that would say the same. */
static bool
make_lines(const struct command *k, char **words, int count,
    struct buf *lines)
{
	struct value *v;
	char *colon;

	switch (k->operands) {
	case EACH_ID:
	case EACH_TARGET:
		add_targets(k, words, count, lines);
		return true;
	case SETTINGS:
		return add_settings(words, count, lines);
	case CHANNEL:
	case PAIR:
		if (count != 2)
			return false;
		v = value_new_object();
		value_set_string(v, k->operands == PAIR ? "from" : "id",
		    words[0]);
		colon = k->operands == PAIR ? NULL : strchr(words[1], ':');
		if (colon != NULL) {
			*colon = '\0';
			value_set_string(v, "address", colon + 1);
		}
		value_set_string(v, k->operands == PAIR ? "into" : "channel",
		    words[1]);
		add_line(lines, v);
		return true;
	case FROM_INPUT:
	default:
		return false;
	}
}

/* The lines take the place of standard input. */
static void
feed(struct program *p, const struct command *k)
{
	struct buf lines = BUF_INIT(16 * RECORD_MAX);
	int fd;

	if (p->argc == 1)
		return;
	if (!make_lines(k, p->argv + 1, p->argc - 1, &lines))
		program_usage(p);
	fd = memfd_create("words", MFD_CLOEXEC);
	if (fd == -1 || io_write_all(fd, buf_text(&lines), lines.len) == -1 ||
	    lseek(fd, 0, SEEK_SET) == -1 || dup2(fd, STDIN_FILENO) == -1)
		die(EX_OSERR, "words of the command line: %s",
		    strerror(errno));
	close(fd);
	buf_release(&lines);
}

static struct ledger *
open_or_die(struct program *p, bool writes)
{
	struct ledger *l;
	struct error e;

	l = writes ? ledger_start(p->config, LEDGER_WRITE, &e) :
	    ledger_open(config_path(p->config, "paths", NULL, "ledger"),
	    LEDGER_READ, &e);
	if (l == NULL)
		die(e.status, "%s", e.text);
	return l;
}

/*
 * What was erased must not be left in a work order or the index of words, which
 * are conveniences and may go at any time, nor in a free page of the ledger.
 */
static int
scrub(struct program *p, int rc)
{
	const char *spool = config_path(p->config, "paths", NULL, "spool");
	char path[PATH_MAX];
	const char *name;
	struct error e;
	int bad = 0;

	if (contacts.dry || !contacts.forgot)
		return rc;
	for (size_t i = 0; bad == 0 && (name = config_name(p->config,
	    "channel", i)) != NULL; i++) {
		snprintf(path, sizeof(path), "%s/outbound/%s", spool, name);
		bad = spool_empty(path, &e);
	}
	if (bad == 0)
		bad = inbox_search_forget(p->config, &e);
	if (bad == 0 && ledger_scrub(contacts.ledger, &e) == 0)
		return rc;
	diag("%s; forget them again", e.text);
	return EX_TEMPFAIL;
}

static int
run(struct program *p, const struct command *k)
{
	struct filter f = { .stage = "contact", .each = k->each,
		.commit = contacts_commit, .batch = BATCH, .ctx = &contacts };
	int rc;

	if (strcmp(k->name, "list") == 0 || strcmp(k->name, "export") == 0) {
		if (p->argc != 1)
			program_usage(p);
		return contacts_list(&contacts, &chosen,
		    strcmp(k->name, "export") == 0);
	}
	if (k->show != NULL) {
		if (p->argc == 1)
			program_usage(p);
		return k->show(&contacts, p->argv + 1, p->argc - 1);
	}
	feed(p, k);
	if (k->each == contacts_import)
		f.prepare = contacts_expect;
	if (k->each == contacts_forget)
		f.batch = BATCH_FORGET;
	f.quiet = p->quiet;
	rc = filter_run(&f);
	contacts_lookup_end();
	return k->each == contacts_forget ? scrub(p, rc) : rc;
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "by", required_argument, NULL, 'B' },
		{ "how", required_argument, NULL, 'H' },
		{ "scope", required_argument, NULL, 'S' },
		{ "tag", required_argument, NULL, 'T' },
		{ "language", required_argument, NULL, 'L' },
		{ "opted-out", no_argument, NULL, 'O' },
		{ "unreachable", no_argument, NULL, 'U' },
		{ NULL, 0, NULL, 0 }
	};
	struct program p = {
		.usage = "command [argument ...]\n"
		    "       import [-n] | set [-n] id key=value ... | "
		    "verify id channel[:address] |\n"
		    "       merge [-n] from into | forget [-n] id ... |\n"
		    "       opt-out | opt-in [--scope scope] --by name "
		    "--how text id|address ... |\n"
		    "       lookup id|address ... |\n"
		    "       consent id|address ... | show id|address ... |\n"
		    "       list [--tag tag] [--language tag] [--opted-out] "
		    "[--unreachable] | export",
		.help = "  -n                    say what would change; write "
		    "nothing\n"
		    "  --by name             the operator who enters it\n"
		    "  --how text            how the person said so\n"
		    "  --scope scope         all, a channel or a topic\n"
		    "  --tag tag             only those with it\n"
		    "  --language tag        only those who read it\n"
		    "  --opted-out           only those with an opt-out\n"
		    "  --unreachable         only those without an address\n",
		.letters = "n", .longs = longs, .option = option,
		.takes_arguments = true
	};
	const struct command *k;
	int rc;

	program_start(&p, argc, argv);
	k = find_command(&p);
	signal(SIGPIPE, SIG_IGN);
	contacts.config = p.config;
	contacts.ledger = open_or_die(&p, k->each != NULL);
	contacts.phones = phonebook_new(config_path(p.config, "paths", NULL,
	    "phonenumber"), config_string(p.config, "site", NULL, "region"));
	rc = run(&p, k);
	phonebook_free(contacts.phones);
	ledger_close(contacts.ledger);
	program_end(&p);
	return rc;
}
