/* The program tuff. */
#include "daemon/command.h"
#include "daemon/report.h"

int main(int argc, char **argv)
{
	wg_report_init();
	return wg_command_dispatch(argc, argv);
}
