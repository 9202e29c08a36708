/* Fault points: places where a test makes the process die or wait, to prove that the next start repairs
 * what is left.  Compiled in only with -DWAY_FAULTS=ON (the test builds); otherwise nothing remains.
 *
 * The environment variable WAYSTATION_FAULT names one point and what happens there:
 *   "station.create.row=kill", "group.seek.deleted=pause:3000" (ms), "station.delete.stream=kill@2"
 *   (the second time it is passed).  The list of points: grep WAY_FAULT in core/control. */
#ifndef WAY_BASE_FAULT_H
#define WAY_BASE_FAULT_H

#ifdef WAY_FAULTS
void way_fault_point(const char *name);
#define WAY_FAULT(name) way_fault_point(name)
#else
#define WAY_FAULT(name) ((void)0)
#endif

#endif
