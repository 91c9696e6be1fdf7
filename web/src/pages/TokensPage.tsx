import '../features/access/access.css'
import { Tokens } from '../features/access/Tokens'
import { seesSettings, useRights } from '../features/auth/use-rights'
import { RightNote } from '../features/settings/RightNote'
import { SettingsFrame } from '../features/settings/SettingsFrame'
import { ListSkeleton } from '../ui/notes'

export function TokensPage() {
  const rights = useRights()
  return (
    <SettingsFrame title="Tokens" about="What people, programs and recorders show to be let in.">
      {!rights.isKnown ? (
        <ListSkeleton rows={4} label="Loading tokens" />
      ) : seesSettings(rights) ? (
        <Tokens mayManage={rights.somewhere.includes('MANAGE_ACCESS')} />
      ) : (
        <RightNote right="VIEW_SETTINGS" what="see tokens" />
      )}
    </SettingsFrame>
  )
}
