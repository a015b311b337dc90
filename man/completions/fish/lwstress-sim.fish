# fish completion for lwstress-sim

function __lwstress_sim_faults
    string split ' ' 'latency= latency-dist= stall= error-rate= body= after= not-ready= reboot-at= reboot-time= refuse api-key limits= max-connections= heap= heap-leak= seed= ws-latency= ws-sessions= ws-clients= ws-no-reply ws-wrong-id ws-garbage ws-fragment ws-ping ws-binary ws-flood= ws-abrupt= panic-at= console-rate= console-silent console-garbage= console-cut console-vanish= console-dead-at='
end

complete -c lwstress-sim -f
complete -c lwstress-sim -l listen -x -a '127.0.0.1 ::1' -d 'Address'
complete -c lwstress-sim -l port -x -d 'TCP port'
complete -c lwstress-sim -l faults -x -a '(__fish_complete_list , __lwstress_sim_faults)' -d 'What to do wrong'
complete -c lwstress-sim -l console -d 'Offer the serial console'
complete -c lwstress-sim -l console-link -r -F -d 'Symbolic link to the console'
complete -c lwstress-sim -l log -r -F -d 'A line for each request'
complete -c lwstress-sim -l stats -r -F -d 'What was counted'
complete -c lwstress-sim -l control-fd -x -d 'End with this descriptor'
complete -c lwstress-sim -l help -d 'Show the options and faults'
complete -c lwstress-sim -l version -d 'Show the version'
