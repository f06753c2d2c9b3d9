/* omni-send-push - send the push notices that are due */

#include "send/engine.h"

int
main(int argc, char *argv[])
{
	return engine_main(argc, argv, "push");
}
