/* The least that a CGI program can do, for tests/bench-ingest to compare with. */
#include <stdio.h>

int
main(void)
{
	puts("Status: 204 No Content\r\n\r");
	return fflush(stdout) == 0 ? 0 : 1;
}
