package eslogger

import (
	"slices"
	"strings"
)

// eventNames are the events that eslogger --list-events names, from macOS 13 on: those that Endpoint
// Security notifies of. A version of macOS may lack some of them.
var eventNames = strings.Fields(`
access authentication authorization_judgement authorization_petition btm_launch_item_add btm_launch_item_remove
chdir chroot clone close copyfile create cs_invalidated deleteextattr dup exchangedata exec exit fcntl
file_provider_materialize file_provider_update fork fsgetpath gatekeeper_user_override get_task get_task_inspect
get_task_name get_task_read getattrlist getextattr iokit_open kextload kextunload link listextattr login_login
login_logout lookup lw_session_lock lw_session_login lw_session_logout lw_session_unlock mmap mount mprotect
od_attribute_set od_attribute_value_add od_attribute_value_remove od_create_group od_create_user
od_delete_group od_delete_user od_disable_user od_enable_user od_group_add od_group_remove od_group_set
od_modify_password open openssh_login openssh_logout proc_check proc_suspend_resume profile_add profile_remove
pty_close pty_grant readdir readlink remote_thread_create remount rename screensharing_attach screensharing_detach
searchfs setacl setattrlist setegid seteuid setextattr setflags setgid setmode setowner setregid setreuid settime
setuid signal stat su sudo tcc_modify trace truncate uipc_bind uipc_connect unlink unmount utimes write
xp_malware_detected xp_malware_remediated xpc_connect`)

func isEvent(name string) bool { return slices.Contains(eventNames, name) }
