/* omni-mcp - an assistant's way in: the Model Context Protocol on stdio */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/output.h"
#include "base/program.h"
#include "base/reader.h"
#include "mcp/tools.h"

#define ANSWER_MAX	(64 * 1024 * 1024)	/* bytes */

static void
option(int ch, const char *arg, void *ctx)
{
	(void)ch;
	if (!mcp_allow(ctx, arg))
		die(EX_USAGE, "--allow %s: neither send nor schedule", arg);
}

static void
flush(void *ctx)
{
	(void)ctx;
	output_flush();
}

/* Told here and not with the first question, when nobody looks any more. */
static void
check_ledger(struct config *c, bool writes)
{
	struct error e;
	struct ledger *l = writes ? ledger_start(c, LEDGER_WRITE, &e) :
	    ledger_open(config_path(c, "paths", NULL, "ledger"), LEDGER_READ,
	    &e);

	if (l == NULL)
		die(e.status, "%s", e.text);
	ledger_close(l);
}

static void
answer(struct mcp *m, enum reader_status status, const char *line,
    size_t len)
{
	struct buf out = BUF_INIT(ANSWER_MAX);

	if (status == READER_LINE)
		mcp_line(m, line, len, &out);
	else if (status == READER_TOO_LONG)
		mcp_broken_line("Parse error: a line of more than 4 MiB",
		    &out);
	else
		mcp_broken_line("Parse error: the last line does not end; "
		    "nothing of it was done", &out);
	if (out.full)
		die(EX_OSERR, "an answer of more than %d bytes",
		    ANSWER_MAX);
	if (out.len > 0)
		output_put(&out);
	buf_release(&out);
}

/* The client ends it by closing its side. */
static int
serve(struct mcp *m)
{
	enum reader_status status;
	struct reader in;
	char *line;
	size_t len;

	reader_init(&in, STDIN_FILENO, MCP_LINE_MAX, flush, NULL);
	while ((status = reader_next(&in, &line, &len)) != READER_END &&
	    status != READER_ERROR) {
		answer(m, status, line, len);
		if (output_pending() > ANSWER_MAX)
			output_flush();
	}
	if (status == READER_ERROR)
		diag("stdin: %s", strerror(errno));
	reader_release(&in);
	return status == READER_ERROR ? EX_IOERR : EX_OK;
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "allow", required_argument, NULL, 'A' },
		{ NULL, 0, NULL, 0 }
	};
	struct mcp m = { .call = tools_call };
	struct program p = {
		.usage = "[--allow send,schedule]",
		.help = "  --allow tools         may send, may schedule; "
		    "without it, may only read\n",
		.longs = longs, .option = option, .ctx = &m
	};
	int rc;

	program_start(&p, argc, argv);
	if (p.quiet)
		die(EX_USAGE, "-q: its answers are all that it is for");
	signal(SIGPIPE, SIG_IGN);
	m.config = p.config;
	check_ledger(p.config, m.allow != MCP_READ);
	mcp_open(&m);
	rc = serve(&m);
	mcp_close(&m);
	program_end(&p);
	return rc;
}
