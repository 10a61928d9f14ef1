/* The program tuff. */
#include "daemon/command.h"

int main(int argc, char **argv)
{
	return wg_command_dispatch(argc, argv);
}
