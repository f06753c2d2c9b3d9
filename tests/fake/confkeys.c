/* Prints "kind key type default" of each configuration key there is. */
#include <stdio.h>

#include "base/buf.h"
#include "base/config.h"

int
main(void)
{
	struct buf line = BUF_INIT(4096);

	for (size_t i = 0; config_describe(i, &line) != NULL; i++)
		puts(buf_text(&line));
	buf_release(&line);
	return 0;
}
