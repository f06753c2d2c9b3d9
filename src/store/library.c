#include "library.h"

#include <sqlite3.h>
#include <sysexits.h>

#include "base/error.h"

static sqlite3_mem_methods own;

static void *
checked(void *p)
{
	if (p == NULL)
		die(EX_TEMPFAIL, "the ledger: out of memory");
	return p;
}

static void *
get(int len)
{
	return checked(own.xMalloc(len));
}

static void *
again(void *p, int len)
{
	return checked(own.xRealloc(p, len));
}

void
library_start(void)
{
	sqlite3_mem_methods methods;

	/* No program has threads that use it.  Refused once it is in use. */
	if (sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) != SQLITE_OK)
		return;
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	/*
	 * Each table that a statement makes for itself takes memory for its
	 * pages at once: for four, and not for twenty, of which nearly none is
	 * used.
	 */
	sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 4);
	if (own.xMalloc != NULL || sqlite3_config(SQLITE_CONFIG_GETMALLOC,
	    &own) != SQLITE_OK)
		return;
	methods = own;
	methods.xMalloc = get;
	methods.xRealloc = again;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}
