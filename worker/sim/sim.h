#ifndef LWS_SIM_H
#define LWS_SIM_H
#endif
