package health

// table says of every condition what it means and what to do. A meaning is a sentence for a
// person who has never heard of it; a cure names the command where there is one.
var table = [names]Row{
	Starting: {
		Word: "starting", Silent: true,
		Meaning: "The agent has started and has not yet proven that it sees commands: no canary, a harmless command of the agent's own, has come back from eslogger.",
		Cure:    "Wait for two times CanaryInterval; if it stays, run sudo hooksnare doctor and look for no_full_disk_access or blind.",
	},
	EsloggerExited: {
		Word:    "eslogger_exited",
		Meaning: "eslogger ended by itself or was killed; commands go unseen until it runs again, while changes of preferences are still seen.",
		Cure:    "The agent starts it again by itself; if it keeps ending, look for who kills it: log show --last 1h --predicate 'process == \"eslogger\"'.",
	},
	NoFullDiskAccess: {
		Word:    "no_full_disk_access",
		Meaning: "macOS does not let the agent read events, because it has no Full Disk Access; no command is seen.",
		Cure:    "System Settings, Privacy & Security, Full Disk Access: add the hooksnare program, or deliver a profile with SystemPolicyAllFiles for it; then sudo hooksnare restart.",
	},
	NotRoot: {
		Word:    "not_root",
		Meaning: "macOS gives events to root only, and the agent does not run as root; no command is seen.",
		Cure:    "Let launchd run the agent: sudo hooksnare install.",
	},
	NotEntitled: {
		Word:    "not_entitled",
		Meaning: "The program that runs as eslogger lacks Apple's entitlement for events; no command is seen.",
		Cure:    "EsloggerPath must name Apple's own /usr/bin/eslogger; then sudo hooksnare restart.",
	},
	TooManyClients: {
		Word:    "too_many_clients",
		Meaning: "Endpoint Security has no place left for another reader; no command is seen.",
		Cure:    "Quit other programs that use Endpoint Security; the agent tries again every minute.",
	},
	UnknownEvent: {
		Word:    "unknown_event",
		Meaning: "EsloggerEvents asks for an event that this version of macOS does not have, and eslogger refuses them all; no command is seen.",
		Cure:    "Take that event out of EsloggerEvents; /usr/bin/eslogger --list-events lists those that there are.",
	},
	NotStarted: {
		Word:    "not_started",
		Meaning: "eslogger is missing or can't be run; no command is seen.",
		Cure:    "EsloggerPath must name a program that can be run: ls -l /usr/bin/eslogger.",
	},
	Blind: {
		Word:    "blind",
		Meaning: "Commands that the agent runs to test its sensor do not come back; other commands may go unseen as well.",
		Cure:    "Grant Full Disk Access to the hooksnare program if it is missing, then sudo hooksnare restart; sudo hooksnare simulate proves the sensor.",
	},
	Gap: {
		Word:    "gap",
		Meaning: "Events were lost between macOS and the agent; a command in that time may have gone unseen, so preferences were read again at once.",
		Cure:    "Read the alerts of the minutes before; if gaps come often, look at what loads this Mac: sudo hooksnare status counts the events that are missing.",
	},
	SchemaUnknown: {
		Word:    "schema_unknown",
		Meaning: "eslogger writes events in a shape that the agent does not know, as after an update of macOS; what they say is understood in part or not at all.",
		Cure:    "Update Hooksnare; if the newest version does this, report it with the output of sudo hooksnare status and sw_vers.",
	},

	PreferencesFailed: {
		Word:    "preferences_failed",
		Meaning: "The watch of the preferences files has ended; a hook that is set without a command that is seen goes unseen.",
		Cure:    "sudo hooksnare restart; sudo hooksnare scan lists the hooks that are set now.",
	},
	EventsForgotten: {
		Word: "events_forgotten", Of: "what was lost",
		Meaning: "The agent forgot or skipped something before it was done with it, because it was too much for its memory or could not be read; an alert may lack who did it, or be missing.",
		Cure:    "See the counts with sudo hooksnare status; read the alerts since then and look for what floods this Mac.",
	},
	ShareUsedUp: {
		Word: "share_used_up", Of: "the user or the home folder",
		Meaning: "A user has used up that user's share of what the agent reports, watches or keeps; more of the same user is only counted, everyone else's is reported as ever.",
		Cure:    "Look at what that user runs, and read the summaries: sudo hooksnare alerts list --since 1h; a share is free again when the flood ends.",
	},
	ClockJumped: {
		Word: "clock_jumped", Moment: true,
		Meaning: "The clock of this Mac was set back; times in alerts from before and after can't be compared.",
		Cure:    "Find out who set it, and let macOS keep the time: sudo systemsetup -setusingnetworktime on.",
	},
	Configuration: {
		Word:    "configuration",
		Meaning: "The configuration has faults; what is wrong is not in force, and the rest or the defaults are.",
		Cure:    "sudo hooksnare check names every fault by file and line.",
	},
	Rules: {
		Word:    "rules",
		Meaning: "A rule file has faults; the rules of that file are not in force, and all others are.",
		Cure:    "sudo hooksnare check names every fault by file and line.",
	},
	Exceptions: {
		Word:    "exceptions",
		Meaning: "The agent's own file of exceptions has faults; what is wrong in it is not in force, so that more is reported and not less.",
		Cure:    "sudo hooksnare check names every fault; sudo hooksnare allow list shows what is in force.",
	},
	ExceptionsChanged: {
		Word: "exceptions_changed", Moment: true,
		Meaning: "Exceptions were added or removed, by hooksnare allow or by an edit of their file; what they cover is hidden from now on.",
		Cure:    "Compare with sudo hooksnare allow list and /var/log/hooksnare/audit.jsonl; take back what nobody of yours added: sudo hooksnare allow remove ID.",
	},

	Tampered: {
		Word: "tampered", Of: "the file, the folder of rules, or launchd", Moment: true,
		Meaning: "A part of the agent, its program, launchd job, configuration, rules or exceptions, was changed by none of Hooksnare's verbs, or the agent was ended by none; what it sees and reports may be what somebody else wants.",
		Cure:    "Ask who did that; put it right with the package, or with sudo hooksnare install. What is there now counts as right from here on.",
	},
	PlaceUnsafe: {
		Word: "place_unsafe", Of: "the path",
		Meaning: "A file or folder of the agent can be changed by others than root; whoever does that can hide or forge alerts, so the agent does not use it.",
		Cure:    "Give it and the folders above to root and to nobody else: sudo chown root:wheel PATH; sudo chmod go-w PATH; then sudo hooksnare restart.",
	},
	DiskHangs: {
		Word: "disk_hangs", Of: "what is on it",
		Meaning: "A disk of the agent's own does not answer; alerts are held in memory and go to every output that still works, but are lost if the agent ends.",
		Cure:    "Look at the disk of the named folder: df, diskutil list; restart the Mac if it stays.",
	},
	StateNotSaved: {
		Word:    "state_not_saved",
		Meaning: "The agent can't write its state folder; after a restart it reports some things again, and the status that you read may be old.",
		Cure:    "Look at owner, mode and room of the state folder: sudo ls -ldO /var/db/hooksnare; df /var/db/hooksnare.",
	},
	StateDamaged: {
		Word: "state_damaged", Moment: true,
		Meaning: "What the agent remembered of the hooks before it started can't be read; a change made while it did not run may go unseen, and hooks that are set are reported again.",
		Cure:    "Compare the hooks that are set with what you expect: sudo hooksnare scan; ask who could write the state folder.",
	},

	SpoolFailed: {
		Word:    "spool_failed",
		Meaning: "The spool can't be kept in the state folder; alerts are delivered from elsewhere and do not outlive the agent or the Mac.",
		Cure:    "Look at owner and mode of the state folder, root and 0700: sudo ls -ldO /var/db/hooksnare; then sudo hooksnare restart.",
	},
	SpoolFull: {
		Word:    "spool_full",
		Meaning: "The disk takes no alerts; they are held in memory, delivered from there, and lost if the agent ends first.",
		Cure:    "Make room on the disk of the state folder: df /var/db/hooksnare.",
	},
	SpoolDamaged: {
		Word: "spool_damaged", Moment: true,
		Meaning: "A file of the spool is not what the agent wrote; it was set aside, and an alert in it may not have reached every output.",
		Cure:    "sudo hooksnare alerts verify names what is missing; ask who could write the state folder, and check its disk: diskutil verifyVolume.",
	},
	AlertsLost: {
		Word: "alerts_lost", Moment: true,
		Meaning: "Alerts were given up before an output had them, for a bound of the spool or want of memory; the detail says how many, for which output and of which severity.",
		Cure:    "Repair the output that does not deliver (sudo hooksnare doctor names it), or raise SpoolMaxBytes, SpoolMaxAlerts or SpoolMaxAge; the local log may hold them: sudo hooksnare alerts list.",
	},
	AlertsRefused: {
		Word: "alerts_refused", Of: "the outputs", Moment: true,
		Meaning: "A receiver refused documents for what is in them; they are set aside and kept.",
		Cure:    "The detail has the receiver's reason: correct it there. The documents are in /var/db/hooksnare/spool/dead, and in the local log: sudo hooksnare alerts list.",
	},
	LettersDropped: {
		Word: "letters_dropped", Moment: true,
		Meaning: "So many documents were set aside, refused or damaged, that the oldest of them were removed and can't be sent again.",
		Cure:    "Correct what the receiver refuses (see alerts_refused); the local log may hold them: sudo hooksnare alerts list.",
	},
	ChainRenewed: {
		Word: "chain_renewed", Moment: true,
		Meaning: "The chain that proves that no alert is missing starts again, because its end was lost or the state folder was replaced; nothing proves that no alert is missing between the two chains.",
		Cure:    "Find out who removed, restored or damaged /var/db/hooksnare, and look at what both chains hold: sudo hooksnare alerts verify.",
	},
	OutputFailed: {
		Word: "output_failed", Of: "the output",
		Meaning: "An output does not take alerts; they wait in the spool and are delivered once it does, and only its receiver sees them late.",
		Cure:    "The reason says what to do; sudo hooksnare simulate proves it afterwards.",
	},
}
