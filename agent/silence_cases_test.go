package agent

import (
	"fmt"
	"strings"
	"time"

	"hooksnare/agent/document"
	"hooksnare/agent/judge"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

var setByRoot = []string{"defaults", "write", "com.apple.loginwindow", "LoginHook", evil}

// spent has mallory use up what there is, in every way at once.
func spent(m *peopledMac) {
	for i := range 300 {
		m.as(mallory, "defaults", "write", "com.example.nothing", "LoginHook", fmt.Sprint("/junk", i))
		m.as(mallory, "defaults", "write", strings.TrimSuffix(rootPrefs, ".plist"), "LoginHook", fmt.Sprint("/junk", i))
		m.becomes(fmt.Sprintf("%s/Library/Preferences/ByHost/com.apple.loginwindow.%012d.plist", malloryHome, i%60), "LoginHook", "", fmt.Sprint("/junk", i))
		m.unread(malloryPrefs, malloryHome, "not a file", i%2 == 0)
	}
}

// budgetCases use up bounds: every one of them, with one's own things.
func budgetCases() []silenceCase {
	heldBack := func(a *alert.Alert) bool { return a.Hooksnare.HeldBack != nil }
	return []silenceCase{
		{name: "1 commands about another domain, then root's command", does: func(m *peopledMac) {
			for i := range 150 {
				m.as(mallory, "defaults", "write", "com.example.nothing", "LoginHook", fmt.Sprint(i))
			}
			m.as(0, setByRoot...)
		}, want: []string{attemptedByRoot(evil)}},
		{name: "1 changes of 60 own files twice, then root's change", does: func(m *peopledMac) {
			for i := range 120 {
				m.becomes(fmt.Sprintf("%s/Library/Preferences/ByHost/com.apple.loginwindow.%012d.plist", malloryHome, i%60), "LoginHook", "", fmt.Sprint("/junk", i))
			}
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "")}},
		{name: "1 edits of own programs, then the replacement of root's", does: func(m *peopledMac) {
			m.becomes(malloryPrefs, "LoginHook", "", "/Users/mallory/x")
			m.becomes(rootPrefs, "LoginHook", "", evil)
			for i := range 150 {
				m.swapped(malloryHome, "/Users/mallory/x", fmt.Sprint(i))
			}
			m.swapped("", evil, "new")
		}, want: []string{unseenBy(evil, ""), "hook-program-changed 73 observed " + evil}},
		{name: "1 everything at once, then root's command", does: func(m *peopledMac) { spent(m); m.as(0, setByRoot...) }, want: []string{attemptedByRoot(evil)}, most: 200},
		{name: "1 everything at once, then root's change", does: func(m *peopledMac) { spent(m); m.becomes(rootPrefs, "LoginHook", "", evil) },
			want: []string{unseenBy(evil, "")}, most: 200},
		{name: "1 everything at once, then the computer's preferences", does: func(m *peopledMac) { spent(m); m.becomes(systemPrefs, "LoginHook", "", evil) }, want: []string{unseenBy(evil, "")}, most: 200},
		{name: "1 everything at once, then managed preferences", does: func(m *peopledMac) {
			spent(m)
			m.becomes("/Library/Managed Preferences/com.apple.loginwindow.plist", "LoginHook", "", evil)
		}, about: ofValue(evil), want: []string{unseenBy(evil, "")}, most: 200},
		{name: "1 everything at once, then another user's change", does: func(m *peopledMac) { spent(m); m.becomes(annPrefs, "LoginHook", "", "/Users/ann/x") },
			about: ofValue("/Users/ann/x"), want: []string{unseenBy("/Users/ann/x", "")}, most: 200},
		{name: "1 everything at once, then another user's command", does: func(m *peopledMac) {
			spent(m)
			m.as(ann, "defaults", "write", annPrefs, "LoginHook", "/Users/ann/x")
		}, about: ofValue("/Users/ann/x"), want: []string{"hook-set 47 attempted user 503 defaults /Users/ann/x"}, most: 200},
		{name: "1 everything at once, then root's file can't be read", does: func(m *peopledMac) { spent(m); m.unread(rootPrefs, "", "malformed", true) },
			about: func(a *alert.Alert) bool {
				return a.File != nil && a.File.Path == rootPrefs && a.Hooksnare.Unreadable != nil
			},
			want: []string{"preferences-unreadable 73 observed malformed true"}, most: 200},
		{name: "1 everything at once, then a condition", does: func(m *peopledMac) {
			spent(m)
			m.p.Condition("blind", "x", true, m.Now(), time.Time{})
		}, about: ofRule("sensor-degraded"), want: []string{"sensor-degraded 73 observed"}, most: 200},
		{name: "1 what is held back is summed up, the newest and the most severe", does: func(m *peopledMac) {
			for i := range 150 {
				m.becomes(malloryPrefs, "LoginHook", "", fmt.Sprint("/junk", i))
			}
			m.becomes(malloryPrefs, "LogoutHook", "", "/last")
			m.later(6 * time.Minute)
		}, about: func(a *alert.Alert) bool {
			h := a.Hooksnare.HeldBack
			return h != nil && h.Share == malloryHome && h.Newest[0].Value == "/last" && h.Severest[0].Severity == 73
		}, want: []string{"hook-changed-unseen 73 observed"}},
		{name: "1 one file flaps between FIFO and file", does: func(m *peopledMac) {
			for range 5000 {
				m.unread(malloryPrefs, malloryHome, "not a file", true)
				m.unread(malloryPrefs, malloryHome, "not a file", false)
			}
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "")}, most: 62},
		{name: "1 one file flaps between FIFO, link and broken: one alert with a count", does: func(m *peopledMac) {
			for i := range 300 {
				why := []string{"not a file", "a link", "malformed"}[i%3]
				m.unread(malloryPrefs, malloryHome, why, true)
				m.unread(malloryPrefs, malloryHome, why, false)
			}
			m.later(6 * time.Minute)
		}, about: func(a *alert.Alert) bool { return a.Hooksnare.Repeat != nil }, want: []string{"preferences-unreadable 47 observed malformed false again 297"}, most: 64},
		{name: "1 sixty files flap", does: func(m *peopledMac) {
			for i := range 3000 {
				file := fmt.Sprintf("%s/Library/Preferences/ByHost/com.apple.loginwindow.%012d.plist", malloryHome, i%60)
				m.unread(file, malloryHome, "not a file", i/60%2 == 0)
			}
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "")}, most: 62},
		{name: "1 one condition flaps, another begins", does: func(m *peopledMac) {
			for i := range 1000 {
				m.p.Condition("gap", "x", i%2 == 0, m.Now(), m.Now())
				m.Advance(time.Millisecond)
			}
			m.p.Condition("blind", "x", true, m.Now(), time.Time{})
		}, about: func(a *alert.Alert) bool { return a.Hooksnare.Health != nil && a.Hooksnare.Health.State == "blind" }, want: []string{"sensor-degraded 73 observed"}, most: 12},
		{name: "1 root sets 300 different hooks: each is told", does: func(m *peopledMac) {
			for i := range 300 {
				m.becomes(rootPrefs, "LoginHook", fmt.Sprint("/h", i), fmt.Sprint("/h", i+1))
			}
		}, about: ofRule("hook-changed-unseen"), want: unseenNumbers(300)},
		{name: "1 root's flood of commands does not hold back the computer's change", does: func(m *peopledMac) {
			for range 300 {
				m.as(0, "defaults", "write", "com.apple.loginwindow", "LoginHook", "/same")
				m.later(time.Hour)
			}
			m.becomes(systemPrefs, "LoginHook", "", evil)
		}, about: ofValue(evil), want: []string{unseenBy(evil, "")}},
		{name: "1 fifty rules of the site, all used up by one user", rule: fiftyRules(), does: func(m *peopledMac) {
			for i := range 200 {
				m.as(mallory, "/usr/bin/id", fmt.Sprint(i))
			}
			m.as(0, setByRoot...)
		}, want: []string{attemptedByRoot(evil)}, most: 200},
		{name: "1 an update that waited is given when there is room", does: func(m *peopledMac) {
			m.as(mallory, "defaults", "write", malloryPrefs, "LoginHook", "/Users/mallory/x")
			for i := range 150 {
				m.as(mallory, "defaults", "write", "com.example.nothing", "LoginHook", fmt.Sprint("/junk", i))
			}
			m.becomes(malloryPrefs, "LoginHook", "", "/Users/mallory/x")
			m.later(6 * time.Minute)
			m.later(6 * time.Minute)
		}, about: ofValue("/Users/mallory/x"), want: []string{"hook-set 47 confirmed user 502 defaults /Users/mallory/x"}},
		{name: "1 repeats of 300 commands are bounded, and root's repeat is counted", does: func(m *peopledMac) {
			m.as(0, setByRoot...)
			for i := range 600 {
				m.as(mallory, "defaults", "write", "com.example.nothing", "LoginHook", fmt.Sprint("/junk", i))
			}
			m.as(0, setByRoot...)
			m.later(2 * time.Hour)
		}, about: ofValue(evil), want: []string{"hook-set 47 not_applied user 0 defaults " + evil + " again 1"}},
		{name: "1 the correlator is flooded between root's command and its change", does: func(m *peopledMac) {
			m.as(0, setByRoot...)
			for i := range 3000 {
				m.as(mallory, "echo", rootPrefs, fmt.Sprint(i))
			}
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{confirmedByRoot(evil)}},
		{name: "1 the correlator is flooded with changes before root's command is seen", does: func(m *peopledMac) {
			at := m.Now()
			m.becomes(rootPrefs, "LoginHook", "", evil)
			for i := range 2000 {
				m.becomes(malloryPrefs, "LoginHook", "", fmt.Sprint("/junk", i))
			}
			m.SetTime(at.Add(-time.Second))
			m.as(0, setByRoot...)
		}, want: []string{confirmedByRoot(evil)}},
		{name: "1 no summary is missing of two users at once", does: func(m *peopledMac) {
			for i := range 200 {
				m.as(mallory, "defaults", "write", "com.example.nothing", "LoginHook", fmt.Sprint("/m", i))
				m.as(ann, "defaults", "write", "com.example.nothing", "LoginHook", fmt.Sprint("/a", i))
			}
			m.later(6 * time.Minute)
		}, about: heldBack, want: []string{"hook-set 47 observed", "hook-set 47 observed"}},
	}
}

func unseenNumbers(n int) []string {
	var out []string
	for i := range n {
		out = append(out, unseenBy(fmt.Sprint("/h", i+1), ""))
	}
	return out
}

func fiftyRules() []string {
	var out []string
	for i := range 50 {
		out = append(out, fmt.Sprint("site-", i), `process where process.name == "id"`)
	}
	return out
}

// exceptionCases hide one value behind an exception for another.
func exceptionCases() []silenceCase {
	const trusted = "/Library/trusted.sh"
	atRoot := `process.executable == "/usr/local/bin/tool"`
	return []silenceCase{
		{name: "2 a part of Jamf's value by a user, then a silent write", look: goodProgram, does: func(m *peopledMac) {
			m.as(mallory, "plutil", "-replace", "LoginHook.x", "-string", jamfLogin, rootPrefs)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "502:plutil")}},
		{name: "2 an excepted value by a user, then a silent write", look: goodProgram, pins: onValue(trusted), does: func(m *peopledMac) {
			m.as(mallory, "plutil", "-replace", "LoginHook", "-string", trusted, rootPrefs)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "")}},
		{name: "2 an excepted value by root, then a silent write of another", look: goodProgram, pins: onValue(trusted), does: func(m *peopledMac) {
			m.as(0, "defaults", "write", "com.apple.loginwindow", "LoginHook", trusted)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "")}},
		{name: "2 an excepted part of a value by root, then another", look: goodProgram, pins: onValue(trusted), does: func(m *peopledMac) {
			m.as(0, "plutil", "-replace", "LoginHook.x", "-string", trusted, rootPrefs)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, about: ofValue(evil), want: []string{"hook-imported-or-edited 47 confirmed user 0 plutil " + evil}},
		{name: "2 PlistBuddy with an excepted value in a place of no account", look: goodProgram, pins: onValue(trusted), does: func(m *peopledMac) {
			m.as(mallory, "PlistBuddy", "-c", "Set :LoginHook:0 "+trusted, rootPrefs)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "502:PlistBuddy")}},
		{name: "2 the excepted value itself stays silent", look: goodProgram, pins: onValue(trusted), does: func(m *peopledMac) {
			m.as(0, "defaults", "write", "com.apple.loginwindow", "LoginHook", trusted)
			m.becomes(rootPrefs, "LoginHook", "", trusted)
		}},
		{name: "2 an import that shows no value is covered by nothing", look: goodProgram, pins: onProcess(`hooksnare.hook.domain == "com.apple.loginwindow"`), does: func(m *peopledMac) {
			m.as(0, "defaults", "import", "com.apple.loginwindow", "/tmp/x.plist")
		}, want: []string{"hook-imported-or-edited 47 attempted user 0 defaults"}},
		{name: "2 an editor that shows no value is covered by nothing", look: goodProgram, pins: onProcess(`user.id == "0"`), does: func(m *peopledMac) {
			m.as(0, "PlistBuddy", rootPrefs)
		}, want: []string{"hook-imported-or-edited 47 attempted user 0 PlistBuddy"}},
		{name: "3 an exception on a program, which a user runs with root's file", pins: onProcess(atRoot), does: func(m *peopledMac) {
			m.as(mallory, "/usr/local/bin/tool", rootPrefs)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "502:/usr/local/bin/tool")}},
		{name: "3 an exception on a program, which root runs with the file", pins: onProcess(atRoot), does: func(m *peopledMac) {
			m.as(0, "/usr/local/bin/tool", rootPrefs)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "0:/usr/local/bin/tool")}},
		{name: "3 an exception on defaults covers its command and no change", pins: onProcess(`process.executable == "/usr/bin/defaults"`), does: func(m *peopledMac) {
			m.as(0, setByRoot...)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{"hook-changed-in-file 47 confirmed user 0 defaults " + evil}},
		{name: "3 an exception on a user covers no change", pins: onProcess(`user.id == "502" or user.id == "0"`), does: func(m *peopledMac) {
			m.as(mallory, setByRoot...)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "")}},
		{name: "2 a program that did not answer holds no pin", pins: onValue(evil), look: func(judge.Question) *document.Examination { return nil }, does: func(m *peopledMac) {
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "")}},
		{name: "15 Jamf's path on a Mac without Jamf", look: func(q judge.Question) *document.Examination { x := goodProgram(q); x.Jamf = false; return x }, does: func(m *peopledMac) {
			m.as(0, "defaults", "write", "com.apple.loginwindow", "LoginHook", jamfLogin)
			m.becomes(rootPrefs, "LoginHook", "", jamfLogin)
		}, want: []string{confirmedByRoot(jamfLogin)}},
		{name: "15 Jamf's hook on a Mac with Jamf: low, once", look: goodProgram, does: func(m *peopledMac) {
			for range 3 {
				m.as(0, "defaults", "write", "com.apple.loginwindow", "LoginHook", jamfLogin)
				m.becomes(rootPrefs, "LoginHook", "", jamfLogin)
			}
		}, want: []string{"hook-excepted 21 observed user 0 defaults " + jamfLogin}},
		{name: "15 a user's first use of the preset takes nothing from root's", look: goodProgram, does: func(m *peopledMac) {
			m.becomes(malloryPrefs, "LoginHook", "", jamfLogin)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "")}},
	}
}

// causeCases make somebody else the accused, or root's doing look explained.
func causeCases() []silenceCase {
	before := func(args ...string) func(*peopledMac) {
		return func(m *peopledMac) {
			m.as(mallory, args...)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}
	}
	after := func(args ...string) func(*peopledMac) {
		return func(m *peopledMac) {
			m.as(0, setByRoot...)
			m.as(mallory, args...)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}
	}
	domain := strings.TrimSuffix(rootPrefs, ".plist")
	return []silenceCase{
		{name: "3 echo of root's file", does: before("echo", rootPrefs), want: []string{unseenBy(evil, "502:echo")}},
		{name: "3 echo of root's folder", does: before("echo", rootFolder), want: []string{unseenBy(evil, "502:echo")}},
		{name: "3 cp to root's file, which must fail", does: before("cp", "/tmp/x", rootPrefs), want: []string{unseenBy(evil, "502:cp")}},
		{name: "3 the very command, which must fail", does: before("defaults", "write", domain, "LoginHook", evil), want: []string{unseenBy(evil, "502:defaults")}},
		{name: "3 the very command in the user's own domain", does: before(setByRoot...), want: []string{unseenBy(evil, "")}},
		{name: "3 in a container", does: before("defaults", "-container", "com.apple.loginwindow", "write", "com.apple.loginwindow", "LoginHook", evil), want: []string{unseenBy(evil, "")}},
		{name: "3 of an unknown bundle", does: before("defaults", "write", "-app", "Nothing", "LoginHook", evil), want: []string{unseenBy(evil, "")}},
		{name: "3 of loginwindow's bundle", does: before("defaults", "write", "-app", "loginwindow", "LoginHook", evil), want: []string{unseenBy(evil, "")}},
		{name: "3 of this host", does: before("defaults", "-currentHost", "write", "com.apple.loginwindow", "LoginHook", evil), want: []string{unseenBy(evil, "")}},
		{name: "3 by standard input", does: before("PlistBuddy", rootPrefs), want: []string{unseenBy(evil, "502:PlistBuddy")}},
		{name: "3 by conversion", does: before("plutil", "-convert", "xml1", "-o", rootPrefs, "/tmp/x"), want: []string{unseenBy(evil, "502:plutil")}},
		{name: "3 by import", does: before("defaults", "import", domain, "/tmp/x.plist"), want: []string{unseenBy(evil, "502:defaults")}},
		{name: "3 by import into the user's own domain", does: before("defaults", "import", "com.apple.loginwindow", "/tmp/x.plist"), want: []string{unseenBy(evil, "")}},
		{name: "3 just after root's command: the same command", does: after("defaults", "write", domain, "LoginHook", evil), want: []string{confirmedByRoot(evil)}},
		{name: "3 just after root's command: an edit", does: after("PlistBuddy", rootPrefs), want: []string{confirmedByRoot(evil)}},
		{name: "3 just after root's command: a removal", does: after("defaults", "delete", domain, "LoginHook"), want: []string{confirmedByRoot(evil)}},
		{name: "3 just after root's command: a bundle", does: after("defaults", "write", "-app", "loginwindow", "LoginHook", evil), want: []string{confirmedByRoot(evil)}},
		{name: "3 with root's home in the environment", does: func(m *peopledMac) {
			s := run(setByRoot...).Spec
			s.Env = []string{"HOME=/private/var/root"}
			m.Run(m.shells[mallory], s)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "")}},
		{name: "3 root's own command of another domain explains nothing", does: func(m *peopledMac) {
			m.as(0, "defaults", "write", "-app", "Nothing", "LoginHook", evil)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, about: ofRule("hook-changed-unseen"), want: []string{unseenBy(evil, "")}},
		{name: "3 root's cp is a candidate, and lowers nothing", does: func(m *peopledMac) {
			m.as(0, "cp", "/tmp/x", rootPrefs)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "0:cp")}},
		{name: "3 root's cp is named first among a user's many", does: func(m *peopledMac) {
			m.as(0, "cp", "/tmp/x", rootPrefs)
			for i := range 50 {
				m.as(mallory, "echo", rootPrefs, fmt.Sprint(i))
			}
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "0:cp 502:echo 502:echo 502:echo")}},
		{name: "3 a user's try for another user's file", does: func(m *peopledMac) {
			m.as(mallory, "defaults", "write", strings.TrimSuffix(annPrefs, ".plist"), "LoginHook", evil)
			m.becomes(annPrefs, "LoginHook", "", evil)
		}, about: ofRule("hook-changed-unseen"), want: []string{unseenBy(evil, "502:defaults")}},
		{name: "3 a user's own file is explained by the user", does: func(m *peopledMac) {
			m.as(mallory, "defaults", "write", strings.TrimSuffix(malloryPrefs, ".plist"), "LoginHook", evil)
			m.becomes(malloryPrefs, "LoginHook", "", evil)
		}, about: aboutAll, want: []string{"hook-set 47 confirmed user 502 defaults " + evil}},
		{name: "3 a user's try that comes to nothing is told so, whatever root does", does: func(m *peopledMac) {
			m.as(mallory, "defaults", "write", domain, "LoginHook", evil)
			m.becomes(rootPrefs, "LoginHook", "", evil)
			m.later(time.Minute)
		}, about: ofRule("hook-set"), want: []string{"hook-set 47 not_applied user 502 defaults " + evil}},
		{name: "5 a bundle called a simulation, and root's hook", does: func(m *peopledMac) {
			m.as(mallory, "defaults", "write", "-app", "com.hooksnare.simulation", "LoginHook", evil)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, want: []string{unseenBy(evil, "")}},
		{name: "5 the same by root", does: func(m *peopledMac) {
			m.as(0, "defaults", "write", "-app", "com.hooksnare.simulation", "LoginHook", evil)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, about: ofValue(evil), want: []string{unseenBy(evil, ""), attemptedByRoot(evil)}},
		{name: "5 another value in the simulation's preferences", does: func(m *peopledMac) {
			m.as(0, "defaults", "write", "com.hooksnare.simulation", "LoginHook", evil)
		}, about: ofValue(evil), want: []string{attemptedByRoot(evil)}},
		{name: "5 a simulation is low", does: func(m *peopledMac) {
			m.as(0, "defaults", "write", "com.hooksnare.simulation", "LoginHook", "/usr/bin/true simulation-5eed")
		}, about: aboutAll, want: []string{"hook-simulated 21 attempted user 0 defaults /usr/bin/true simulation-5eed"}},
		{name: "5 a simulation's value with more behind it", does: func(m *peopledMac) {
			m.as(0, "defaults", "write", "com.hooksnare.simulation", "LoginHook", "/usr/bin/true simulation-5eed; /tmp/x")
		}, about: aboutAll, want: []string{attemptedByRoot("/usr/bin/true simulation-5eed; /tmp/x")}},
	}
}

// repeatCases make root's alert a repeat of somebody else's, or leave it open.
func repeatCases() []silenceCase {
	domain := strings.TrimSuffix(rootPrefs, ".plist")
	return []silenceCase{
		{name: "4 a user tries, root does the same within the hour", does: func(m *peopledMac) {
			m.as(mallory, "defaults", "write", domain, "LoginHook", evil)
			m.later(time.Minute)
			m.as(0, "defaults", "write", domain, "LoginHook", evil)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, about: ofValue(evil), want: []string{"hook-set 47 not_applied user 502 defaults " + evil, confirmedByRoot(evil)}},
		{name: "4 root does it, a user repeats it: the repeat is the user's own alert", does: func(m *peopledMac) {
			m.as(0, "defaults", "write", domain, "LoginHook", evil)
			m.becomes(rootPrefs, "LoginHook", "", evil)
			m.as(mallory, "defaults", "write", domain, "LoginHook", evil)
			m.later(2 * time.Hour)
		}, want: []string{confirmedByRoot(evil)}},
		{name: "4 the same by another parent program is another alert", does: func(m *peopledMac) {
			m.as(0, setByRoot...)
			other := m.Adopt(m.Launchd(), 700, run("/usr/local/bin/tool").Spec)
			m.Run(other, run(setByRoot...).Spec)
		}, want: []string{attemptedByRoot(evil), attemptedByRoot(evil)}},
		{name: "4 a command that a later one overrides is concluded", does: func(m *peopledMac) {
			m.as(0, "defaults", "write", domain, "LoginHook", "/first")
			m.as(0, "defaults", "write", domain, "LoginHook", "/second")
			m.becomes(rootPrefs, "LoginHook", "", "/second")
			m.later(time.Minute)
		}, want: []string{"hook-set 47 not_applied user 0 defaults /first", confirmedByRoot("/second")}},
		{name: "4 a user's later try overrides nothing", does: func(m *peopledMac) {
			m.becomes(rootPrefs, "LoginHook", "", evil)
			m.as(0, "defaults", "write", domain, "LoginHook", evil)
			m.as(mallory, "defaults", "delete", domain, "LoginHook")
			m.later(time.Minute)
		}, about: ofRule("hook-set"), want: []string{confirmedByRoot(evil)}},
		{name: "4 a repeat of an excepted command whose pin no longer holds is told", look: firstGood(), pins: onValue(evil), does: func(m *peopledMac) {
			m.as(0, setByRoot...)
			m.as(0, setByRoot...)
		}, want: []string{attemptedByRoot(evil)}},
		{name: "4 root's change back and forth: each is told", does: func(m *peopledMac) {
			m.becomes(rootPrefs, "LoginHook", "", evil)
			m.becomes(rootPrefs, "LoginHook", evil, "")
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, about: ofRule("hook-changed-unseen"), want: []string{unseenBy(evil, ""), unseenBy(evil, ""), "hook-changed-unseen 73 unattributed"}},
	}
}

// firstGood finds a program as an exception would have it, once.
func firstGood() func(judge.Question) *document.Examination {
	n := 0
	return func(q judge.Question) *document.Examination {
		x := goodProgram(q)
		if n++; n > 1 {
			for v, p := range x.Programs {
				p.Found.UID = 502
				x.Programs[v] = p
			}
		}
		return x
	}
}

// otherSilenceCases are the rest: ids, programs and what can't be read.
func otherSilenceCases() []silenceCase {
	site := []string{"site", `hooksnare where event.action in ("hook-changed", "hook-program-changed", "preferences-unreadable")`}
	ids := func(n int) func(*alert.Alert) bool {
		seen := map[string]bool{}
		return func(a *alert.Alert) bool { seen[a.Event.ID] = true; return len(seen) == n }
	}
	return []silenceCase{
		{name: "6 two rules on one change have ids of their own", rule: site, does: func(m *peopledMac) { m.becomes(rootPrefs, "LoginHook", "", evil) },
			want: []string{unseenBy(evil, ""), "site 73 unattributed " + evil}},
		{name: "6 two rules on one program", rule: site, does: func(m *peopledMac) {
			m.p.RestoreChange(event.Change{File: rootPrefs, Key: "LoginHook", New: orNil(evil)})
			m.swapped("", evil, "new")
		}, want: []string{"hook-program-changed 73 observed " + evil, "site 73 observed " + evil}},
		{name: "6 two rules on one file that can't be read", rule: site, does: func(m *peopledMac) { m.unread(rootPrefs, "", "malformed", true) },
			about: func(a *alert.Alert) bool { return a.Hooksnare.Unreadable != nil }, want: []string{"preferences-unreadable 73 observed malformed true", "site 73 observed malformed true"}},
		{name: "6 one program in two files of root: one id for each file", does: func(m *peopledMac) {
			m.p.RestoreChange(event.Change{File: rootPrefs, Key: "LoginHook", New: orNil(evil)})
			m.p.RestoreChange(event.Change{File: systemPrefs, Key: "LoginHook", New: orNil(evil)})
			m.swapped("", evil, "new")
		}, about: ids(1), want: []string{"hook-program-changed 73 observed " + evil}},
		{name: "8 a program that stands in root's file and in a user's", does: func(m *peopledMac) {
			m.p.RestoreChange(event.Change{File: malloryPrefs, Home: malloryHome, Key: "LoginHook", New: orNil(evil)})
			m.p.RestoreChange(event.Change{File: rootPrefs, Key: "LoginHook", New: orNil(evil)})
			m.swapped("", evil, "new")
			m.swapped(malloryHome, evil, "new")
		}, want: []string{"hook-program-changed 73 observed " + evil}},
		{name: "8 a program of a user's alone is reported as the user's", does: func(m *peopledMac) {
			m.p.RestoreChange(event.Change{File: malloryPrefs, Home: malloryHome, Key: "LoginHook", New: orNil(evil)})
			m.swapped(malloryHome, evil, "new")
		}, about: func(a *alert.Alert) bool { return aboutAll(a) && a.File.Path == malloryPrefs }, want: []string{"hook-program-changed 73 observed " + evil}},
		{name: "12.1 a change that a held-back command made is told", does: func(m *peopledMac) {
			for i := range 200 {
				m.as(mallory, "defaults", "write", strings.TrimSuffix(malloryPrefs, ".plist"), "LoginHook", fmt.Sprint("/junk", i))
			}
			m.becomes(malloryPrefs, "LoginHook", "", "/junk199")
		}, about: ofValue("/junk199"), want: []string{"hook-changed-in-file 47 confirmed user 502 defaults /junk199"}},
		{name: "12.1 a change that a repeated command made is told", does: func(m *peopledMac) {
			m.as(0, setByRoot...)
			m.becomes(rootPrefs, "LoginHook", "", evil)
			m.becomes(rootPrefs, "LoginHook", evil, "")
			m.as(0, setByRoot...)
			m.becomes(rootPrefs, "LoginHook", "", evil)
		}, about: ofValue(evil), want: []string{confirmedByRoot(evil)}},
	}
}
