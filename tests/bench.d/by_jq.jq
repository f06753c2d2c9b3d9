# jq has no templates: the same text by its string interpolation.
.text = "\($site): \(.vars.pet_name) tiene cita el \(.vars.at)." +
	(if .vars.owner_name then " Hola, \(.vars.owner_name)." else "" end) +
	([.vars.services[] | " \(.name): \(.price)."] | add) +
	" Le atiende \(.vars.staff | first). Responda SI o NO."
