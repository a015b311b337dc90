/* Calls that lwstress does without. Include this header last, after the system's. */
#ifndef LWS_POISON_H
#define LWS_POISON_H

#undef alloca
#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets system popen alloca
#pragma GCC poison atoi atol atof sleep usleep

#endif
