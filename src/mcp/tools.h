#ifndef OMNI_TOOLS_H
#define OMNI_TOOLS_H

#include "mcp/mcp.h"
#include "message/inbox.h"

/*
 * What the tools do: for the `call` of struct mcp.  The ledger is opened for
 * each call, and closed before the next line is waited for.
 */
struct value *tools_call(struct mcp *m, const char *tool,
    const struct value *arguments, struct error *e);

/* The rest is shared by the parts, tools.c and tools_send.c. */

#define TOOLS_AUTHOR	"assist:mcp"

struct tool_call {
	struct mcp *mcp;
	const struct value *arguments;
	struct inbox inbox;
};

struct value *tool_send_message(struct tool_call *t, struct error *e);
struct value *tool_schedule_reminder(struct tool_call *t, struct error *e);
/* Adds the text without the telephone numbers and mail addresses in it. */
void mask_addresses(const char *s, struct buf *out);
/* The string among the arguments, or NULL. */
const char *tool_argument(const struct tool_call *t, const char *name);

#endif
