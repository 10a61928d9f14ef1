/* The program tuff. */
#include "cli/command.h"
#include "os/report.h"

int main(int argc, char **argv)
{
	wg_report_init();
	return wg_command_dispatch(argc, argv);
}
