package config

// jamfScripts is where Jamf Pro keeps the scripts of its framework.
const jamfScripts = "/Library/Application Support/JAMF/ManagementFrameworkScripts/"

// presets are exceptions that come with the agent, by the name `Preset` takes.
var presets = map[string]func() Exception{"jamf": jamf}

// jamf lets Jamf Pro set its own two hooks. It looks at the whole value and at which
// key it was given to, so neither another script of that folder nor an argument behind
// the path is covered; and it asks that only root can have put the script there, each time
// that loginwindow runs it, too; and that the Mac showed before that Jamf manages it, or
// anyone who is root could put a program there. Removal is not covered: a Jamf hook that
// vanishes is news.
func jamf() Exception {
	return Exception{
		ID: "jamf-framework-scripts",
		Where: `hooksnare.hook.operation in ("set", "import", "edit", "execute") and (` +
			`(hooksnare.hook.key == "LoginHook" and hooksnare.hook.value == "` + jamfScripts + `loginhook.sh") or ` +
			`(hooksnare.hook.key == "LogoutHook" and hooksnare.hook.value == "` + jamfScripts + `logouthook.sh"))`,
		Reason:  "Jamf Pro sets these hooks on the Macs it manages",
		Require: Require{Owner: "root", NotWritableByOthers: true, JamfManaged: true},
	}
}
