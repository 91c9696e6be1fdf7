import type { Role } from '../../gql/graphql'
import { SelectField } from '../../ui/fields'
import { useRoles } from './use-access'
import { rightNames, roleHelp, roleNames } from './words'

type Props = { value: Role; choices: readonly Role[]; onChange: (role: Role) => void }

/** Chooses a role, and says what it allows. */
export function RoleField({ value, choices, onChange }: Props) {
  const { data } = useRoles()
  const rights = data?.find(({ role }) => role === value)?.rights
  return (
    <div className="role-field">
      <SelectField
        label="Role"
        value={value}
        options={choices.map((role) => ({ value: role, label: roleNames[role] }))}
        onChange={(role) => role && onChange(role as Role)}
      />
      <div className="role-meaning">
        <p>{roleHelp[value]}</p>
        {rights && rights.length > 0 && <p>May {rights.map((right) => rightNames[right]).join('; ')}.</p>}
      </div>
    </div>
  )
}
