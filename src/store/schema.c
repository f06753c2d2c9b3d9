#include "schema.h"

/*
 * The assembler reads the files; C has no way to include text.  The NUL that
 * follows makes them strings.
 */
#define EMBED(name, path) \
	__asm__(".section .rodata\n" \
	    ".global " #name "\n" \
	    ".type " #name ", @object\n" \
	    #name ":\n" \
	    ".incbin \"" path "\"\n" \
	    ".byte 0\n" \
	    ".size " #name ", . - " #name "\n" \
	    ".previous\n")

EMBED(schema_sql, "share/ledger/schema.sql");
EMBED(views_sql, "share/ledger/views.sql");
EMBED(apply_sql, "share/ledger/apply.sql");
