// Package program examines what the value of a hook points to. It promises to run nothing,
// to open nothing but regular files, to reach nothing outside the root folder it is given,
// and to take bounded time and memory, whatever the value says and whatever lies there.
// Its results are facts and claims, not a verdict.
package program

// Risks of a program, as event.Program lists them, in this order.
const (
	// NoAbsolutePath: the value is not one absolute path: empty, relative, quoted, with ~,
	// or with a NUL or a line break in it.
	NoAbsolutePath = "no_absolute_path"
	// Missing: nothing is there, or a link to nothing.
	Missing = "missing"
	// NotAFile: a folder, a FIFO, a device, a link that leads in circles.
	NotAFile = "not_a_file"
	// Unreadable: what is there could not be read; Program.Unread says why.
	Unreadable = "unreadable"
	// NotExecutable: a file that nobody may execute. Nothing of its text is shown or kept: a
	// hook may name a file of secrets to have an alert show them.
	NotExecutable = "not_executable"
	// WritableByOthers: a user other than root can change or replace the file or one of its
	// parts, a folder or a link on the way there; Program.WritableBy names the first.
	WritableByOthers = "writable_by_others"
	// TemporaryFolder: it lies where anyone can write or mount: /tmp, /var/tmp, /var/folders,
	// /Users/Shared, /Volumes.
	TemporaryFolder = "temporary_folder"
	// HomeFolder: it lies in a user's home below /Users.
	HomeFolder = "home_folder"
	// Hidden: an element of the path begins with a dot.
	Hidden = "hidden"
	// Link: the path leads over a symbolic link that a user other than root owns.
	Link = "link"
	// Shadowed: another file is there that would be run if the value were split at an
	// earlier space; Program.Shadow names it.
	Shadowed = "shadowed"
	// NoShebang: a text without an interpreter line.
	NoShebang = "no_shebang"
	// InterpreterMissing: the interpreter line names no file that is there.
	InterpreterMissing = "interpreter_missing"
	// InterpreterWritable: a user other than root can change the interpreter.
	InterpreterWritable = "interpreter_writable"
	// RunsArguments: what runs is what the arguments say, and not, or not only, the program: it
	// is one of macOS or one that is known to, and no interpreter whose first argument is
	// a script.
	RunsArguments = "runs_arguments"
	// TooManyParts: it runs what is in more files than are watched.
	TooManyParts = "too_many_parts"
	// SetUID: it runs as its owner or group, whoever starts it.
	SetUID = "setuid"
	// Unsigned: a Mach-O of which a slice holds no code signature.
	Unsigned = "unsigned"
	// Quarantined: it came from the net and was never opened; known on macOS alone.
	Quarantined = "quarantined"
)
