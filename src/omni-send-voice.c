/* omni-send-voice - make the voice calls that are due */

#include "send/engine.h"

int
main(int argc, char *argv[])
{
	return engine_main(argc, argv, "voice");
}
