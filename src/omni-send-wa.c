/* omni-send-wa - send the whatsapp messages that are due */

#include "send/engine.h"

int
main(int argc, char *argv[])
{
	return engine_main(argc, argv, "whatsapp");
}
