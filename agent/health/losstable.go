package health

// losses says of every counter what is lost.
var losses = [counters]CounterRow{
	EventsMissing:  {Word: "events_missing", Meaning: "events are missing by their numbers (see the condition gap)"},
	LinesTooLong:   {Word: "lines_too_long", Meaning: "lines of eslogger were too long and were skipped (see gap)"},
	LinesMalformed: {Word: "lines_malformed", Meaning: "lines of eslogger could not be read (see gap and schema_unknown)"},
	EventsUnusual:  {Word: "events_unusual", Meaning: "events lack something that they are read for (see schema_unknown)"},
	NumberingJumps: {Word: "numbering_jumps", Meaning: "times the numbers of events went too far to count what is missing (see gap)"},
	OutputCut:      {Word: "output_cut", Meaning: "times eslogger ended in the middle of a line (see eslogger_exited)"},

	ProcessesForgotten:  {Word: "processes_forgotten", Meaning: "processes were forgotten for want of room, most of them ended before"},
	LineageForgotten:    {Word: "lineage_forgotten", Matters: true, Meaning: "processes were forgotten for want of room while they or their children ran: alerts about these lack who started them"},
	CausesForgotten:     {Word: "causes_forgotten", Matters: true, Meaning: "commands and changes were forgotten before they could be matched: an alert about a change may lack the command that made it"},
	RuleMemoryForgotten: {Word: "rule_memory_forgotten", Matters: true, Meaning: "values that rules remember were forgotten early: a rule that needs several events may miss a match"},

	HomesSilent:       {Word: "homes_silent", Now: true, Meaning: "home folders do not answer now, so their preferences are not read (each has an alert preferences-unreadable)"},
	FilesUnreadable:   {Word: "files_unreadable", Now: true, Meaning: "preferences files and folders can't be read now (each has an alert preferences-unreadable)"},
	ChangesDeferred:   {Word: "changes_deferred", Meaning: "times a change had to wait until earlier alerts were durable; none was lost"},
	ProgramsUnwatched: {Word: "programs_unwatched", Now: true, Matters: true, Meaning: "programs of hooks are over the bound of what is watched: a change of one of them goes unseen"},
	ProgramsUnread:    {Word: "programs_unread", Now: true, Matters: true, Meaning: "programs of hooks can't be read now: a change of one of them goes unseen"},
	FactsSkipped:      {Word: "facts_skipped", Meaning: "times a folder around a hook did not answer: an alert lacks the facts of its triage"},

	AlertsUnmade:      {Word: "alerts_unmade", Matters: true, Meaning: "alerts could not be written as documents and reached no output: the agent's log has them"},
	ConditionsUnnamed: {Word: "conditions_unnamed", Now: true, Meaning: "further conditions of the same kinds are on, too many to name each"},
}
