#include "who.h"

#include <stdlib.h>

const char *
who_asks(void)
{
	const char *who = getenv("SUDO_USER");

	if (who == NULL || *who == '\0')
		who = getenv("USER");
	return who == NULL || *who == '\0' ? "staff" : who;
}
