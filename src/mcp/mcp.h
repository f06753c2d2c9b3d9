#ifndef OMNI_MCP_H
#define OMNI_MCP_H

#include "base/config.h"
#include "base/record.h"

/*
 * A server of the Model Context Protocol, line by line: each line that comes
 * in gives one line to go out, or none.  It speaks both protocols that there
 * are: the one that opens with "initialize", and the stateless one of
 * 2026-07-28, whose requests each say that they are of it.
 */
#define MCP_LINE_MAX	(4 * 1024 * 1024)	/* bytes of a line that comes in */

enum mcp_allow { MCP_READ = 0, MCP_SEND = 1, MCP_SCHEDULE = 2 };

struct mcp {
	struct config *config;
	unsigned int allow;	/* of enum mcp_allow */
	/*
	 * Does what a tool does, with arguments that fit its schema: the
	 * structured content; NULL and `e`, for the model to read, where it
	 * cannot be done.  tools_call(), or that of a test.
	 */
	struct value *(*call)(struct mcp *m, const char *tool,
	    const struct value *arguments, struct error *e);
	struct arena mem;	/* of one line */
	/* Of the conversation: */
	struct value *tools;	/* those that are allowed */
	bool batches;		/* of 2025-03-26 only */
	char client[48];	/* what the client calls itself, or "" */
};

void mcp_open(struct mcp *m);
void mcp_close(struct mcp *m);
/* "send,schedule" into m->allow; false where a word is none of these. */
bool mcp_allow(struct mcp *m, const char *words);
/* Adds the answer to `out`, without a newline; nothing where there is none. */
void mcp_line(struct mcp *m, const char *line, size_t len, struct buf *out);
/* What came is no whole line, in words: the answer to that. */
void mcp_broken_line(const char *what, struct buf *out);

#endif
