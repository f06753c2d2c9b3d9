#include "schema.h"

#include "base/embed.h"

EMBED(schema_sql, "share/ledger/schema.sql");
EMBED(views_sql, "share/ledger/views.sql");
EMBED(apply_sql, "share/ledger/apply.sql");
