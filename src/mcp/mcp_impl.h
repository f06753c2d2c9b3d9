#ifndef OMNI_MCP_IMPL_H
#define OMNI_MCP_IMPL_H

#include "mcp/mcp.h"

/*
 * Shared by the parts of the server only: mcp.c (JSON-RPC and the protocols),
 * schema.c, tools.c and tools_send.c.
 */

/*
 * What is wrong with a value by a JSON Schema, as far as ours go: type,
 * properties, required, additionalProperties, minLength, maxLength, minimum,
 * maximum, and of patterns the one of names.  False and `e` then.
 */
bool schema_fits(const struct value *schema, const struct value *v,
    struct error *e);

#endif
